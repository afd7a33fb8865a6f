import shutil
import stat
from pathlib import Path

import pytest

from opsctl import environment
from opsctl.errors import NotReady, Refused

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path):
    shutil.copy(ROOT / ".env.example", tmp_path)
    return tmp_path


def test_environment_is_never_guessed(folder):
    with pytest.raises(NotReady) as refused:
        environment.current(folder)

    assert (refused.value.cause, refused.value.hint) == ("environment.unknown", "opsctl up --env development")


def test_folder_remembers_what_was_said(folder):
    environment.remember(folder, "production")

    assert environment.current(folder) == "production"
    assert environment.current(folder, said="test") == "test"


def test_misspelt_environment_is_refused(folder):
    with pytest.raises(NotReady, match="prod"):
        environment.current(folder, said="prod")


def test_fresh_file_is_private_and_has_secrets_of_its_own(folder):
    first, second = (environment.write_fresh(folder, name) for name in ("development", "production"))

    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    ours, theirs = environment.read(first), environment.read(second)
    assert ours["APP_ENV"] == "development"
    assert theirs["APP_ENV"] == "production"
    for key in environment.FRESH_SECRETS:
        assert len(ours[key]) >= 32
        assert ours[key] != theirs[key]


def test_existing_file_is_never_overwritten(folder):
    (folder / ".env.development").write_text("JWT_SECRET_KEY=mine\n")

    with pytest.raises(FileExistsError):
        environment.write_fresh(folder, "development")

    assert (folder / ".env.development").read_text() == "JWT_SECRET_KEY=mine\n"


def test_env_file_of_somebody_else_is_not_replaced_by_our_link(folder):
    (folder / ".env").write_text("KEEP=me\n")

    with pytest.raises(Refused):
        environment.remember(folder, "development")

    assert (folder / ".env").read_text() == "KEEP=me\n"


def test_process_environment_wins_over_the_file(folder, monkeypatch):
    environment.write_fresh(folder, "development")
    monkeypatch.setenv("API_PORT", "9123")

    assert environment.values_of(folder, "development")["API_PORT"] == "9123"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("KEY=plain", "plain"),
        ('KEY="two words"', "two words"),
        ("KEY='$HOME # kept'", "$HOME # kept"),
        ("KEY=value # comment", "value"),
        ("export KEY=value", "value"),
        ("KEY=값", "값"),
        ("\ufeffKEY=after-a-byte-order-mark", "after-a-byte-order-mark"),
        ("KEY=crlf\r", "crlf"),
    ],
)
def test_environment_files_are_read_as_compose_reads_them(tmp_path, line, value):
    file = tmp_path / ".env.test"
    file.write_text(f"{line}\n", encoding="utf-8", newline="")

    assert environment.read(file)["KEY"] == value


def test_unreadable_file_names_the_file_and_shows_no_value(tmp_path):
    file = tmp_path / ".env.test"
    file.write_bytes(b"KEY=\xff\xfe\n")

    with pytest.raises(NotReady) as refused:
        environment.read(file)

    assert ".env.test" in str(refused.value)
