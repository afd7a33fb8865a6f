"""opsctl deps check"""

import json
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def tree(project):
    """The project's own source, declarations and lock."""
    for folder in ("app", "migrations", "opsctl"):
        shutil.copytree(ROOT / folder, project / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return project


def check(opsctl):
    outcome = opsctl("deps", "check", "--json")
    return outcome.exit_code, json.loads(outcome.stdout)


def without(package, text):
    """A lock without one entry: its line and the hashes below it."""
    kept, dropping = [], False
    for line in text.splitlines(keepends=True):
        if not line.startswith(" "):
            dropping = line.startswith(f"{package}==")
        kept += [] if dropping else [line]
    return "".join(kept)


def test_the_project_itself_has_no_gap(opsctl, tree):
    code, found = check(opsctl)

    assert found["gaps"] == []
    assert code == 0
    assert found["looked_at"] == ["imports", "pyproject.toml", "requirements.txt", "virtual environment"]


def test_lxml_lost_from_the_lock_is_named_with_the_commands_that_bring_it_back(opsctl, tree):
    lock = tree / "requirements.txt"
    lock.write_text(without("lxml", lock.read_text()))

    code, found = check(opsctl)

    assert code == 3
    (gap,) = found["gaps"]
    assert (gap["package"], gap["where"]) == ("lxml", "requirements.txt")
    assert gap["command"] == "make lock && opsctl rebuild"


def test_a_new_import_is_named_by_its_package(opsctl, tree):
    (tree / "app" / "pictures.py").write_text("from PIL import Image\n")

    code, found = check(opsctl)

    assert code == 3
    (gap,) = found["gaps"]
    assert (gap["package"], gap["where"]) == ("pillow", "pyproject.toml")
    assert "app/pictures.py:1" in gap["message"]


def test_a_lock_ahead_of_the_environment_wants_a_rebuild(opsctl, tree):
    lock = tree / "requirements.txt"
    lock.write_text(lock.read_text() + "not-here-yet==1.0 \\\n    --hash=sha256:00\n")

    code, found = check(opsctl)

    assert code == 3
    (gap,) = found["gaps"]
    assert (gap["package"], gap["where"], gap["command"]) == ("not-here-yet", "virtual environment", "opsctl rebuild")


def test_people_get_a_table(opsctl, tree):
    (tree / "app" / "pictures.py").write_text("import PIL\n")

    outcome = opsctl("deps", "check")

    assert outcome.exit_code == 3
    assert "pillow" in outcome.stdout
    assert "make lock" in outcome.stdout


@pytest.mark.parametrize("name", ["pyproject.toml", "requirements.txt"])
def test_a_missing_file_is_said_in_one_line(opsctl, tree, name):
    (tree / name).unlink()

    outcome = opsctl("deps", "check", "--json")

    assert outcome.exit_code == 5
    assert name in json.loads(outcome.stdout)["error"]["message"]


def test_source_that_is_not_python_is_said_in_one_line(opsctl, tree):
    (tree / "app" / "broken.py").write_text("def\n")

    outcome = opsctl("deps", "check", "--json")

    assert outcome.exit_code == 1
    assert "broken.py" in json.loads(outcome.stdout)["error"]["message"]
