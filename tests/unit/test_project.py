"""Promises of the files at the top level."""

import re
import tomllib
from pathlib import Path

from opsctl import settings

ROOT = Path(__file__).parents[2]


def test_shipped_settings_file_shows_every_key_with_its_default():
    shipped = tomllib.loads((ROOT / "opsctl.toml").read_text(encoding="utf-8"))

    expected = {name: vars(kind()) for name, kind in settings.SECTIONS.items()}

    assert shipped == expected


def test_lock_pins_every_package_by_hash_and_names_no_index():
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-postgres.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        packages = re.split(r"\n(?=\S)", text.strip())

        assert all("==" in package and "--hash=sha256:" in package for package in packages), name
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links|--trusted-host", text), name


def test_lock_holds_every_declared_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locked = {
        line.partition("==")[0]
        for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    }

    declared = {re.split(r"[\[<>=~!; ]", package)[0].lower() for package in project["dependencies"]}

    assert declared <= locked


def test_example_environment_holds_no_secret():
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()

    for key in ("JWT_SECRET_KEY", "POSTGRES_PASSWORD", "TELEGRAM_BOT_TOKEN", "DART_API_KEY"):
        assert f"{key}=" in lines
