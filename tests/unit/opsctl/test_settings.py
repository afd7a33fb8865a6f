from pathlib import Path

import pytest

from opsctl import settings
from opsctl.errors import NotReady


@pytest.fixture
def file(tmp_path):
    return tmp_path / "opsctl.toml"


def test_empty_file_gives_every_default(file):
    file.touch()

    sections = settings.read_sections(file, {})

    assert sections["backup"] == settings.BackupSettings()


def test_variable_wins_over_the_file(file):
    file.write_text("[backup]\nkeep = 3\n")

    assert settings.read_sections(file, {"OPSCTL_BACKUP_KEEP": "9"})["backup"].keep == 9


@pytest.mark.parametrize(
    ("text", "cause", "hint"),
    [
        ("[backup]\nkep = 3\n", "settings.unknown_key", "did you mean keep?"),
        ("[bakup]\nkeep = 3\n", "settings.unknown_key", "did you mean backup?"),
        ("[backup]\nkeep = 'many'\n", "settings.value", "edit opsctl.toml"),
        ("[backup]\nkeep = -1\n", "settings.value", "edit opsctl.toml"),
        ("[backup]\nkeep = true\n", "settings.value", "edit opsctl.toml"),
        ("backup = 3\n", "settings.value", "edit opsctl.toml"),
        ("[backup\n", "settings.syntax", "edit opsctl.toml"),
    ],
)
def test_bad_settings_are_refused_with_the_next_step(file, text, cause, hint):
    file.write_text(text)

    with pytest.raises(NotReady) as refused:
        settings.read_sections(file, {})

    assert (refused.value.cause, refused.value.hint) == (cause, hint)


def test_variable_of_the_wrong_kind_is_named(file):
    file.touch()

    with pytest.raises(NotReady, match="OPSCTL_BACKUP_KEEP must be a number") as refused:
        settings.read_sections(file, {"OPSCTL_BACKUP_KEEP": "lots"})

    assert refused.value.hint == "unset OPSCTL_BACKUP_KEEP"


def test_project_is_found_from_a_folder_below(file):
    file.touch()
    below = file.parent / "app" / "models"
    below.mkdir(parents=True)

    assert settings.find_project(below) == file.parent


def test_no_project_is_not_ready(monkeypatch):
    monkeypatch.chdir("/")

    with pytest.raises(NotReady) as refused:
        settings.find_project(Path("/"))

    assert refused.value.cause == "project.missing"
