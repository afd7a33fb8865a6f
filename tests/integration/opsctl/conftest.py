"""A project folder of its own for each test, and opsctl at work in it."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from opsctl import environment
from opsctl.cli import app

ROOT = Path(__file__).parents[3]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder that runs as development on the local runtime; nothing is up, there is no database yet."""
    folder = tmp_path / "stockalert"
    folder.mkdir()
    for name in ("opsctl.toml", ".env.example", "pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / name, folder)
    environment.write_fresh(folder, "development")
    environment.remember(folder, "development")
    for name in ("logs", "data", "backups"):
        (folder / name).mkdir(mode=0o700)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("OPSCTL_RUNTIME_NAME", "local")
    return folder


@pytest.fixture
def opsctl(project):
    """Run opsctl in the project folder; gives exit_code, stdout and stderr."""
    return lambda *words: CliRunner().invoke(app, list(words))
