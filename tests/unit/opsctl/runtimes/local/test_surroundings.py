"""What the process is given, and what has changed since."""

import socket
from dataclasses import replace

import pytest

from opsctl import fingerprint
from opsctl.errors import NotReady
from opsctl.runtimes.local import surroundings
from opsctl.runtimes.local.record import Record
from opsctl.settings import Settings


@pytest.fixture
def settings(tmp_path):
    (tmp_path / ".opsctl").mkdir()
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "main.py").write_text("ONE = 1\n")
    (tmp_path / "requirements.txt").write_text("lxml==6.1.0\n")
    return Settings(project=tmp_path, environment="test", values={"API_PORT": "8123", "DATABASE_URL": "", "KEY": "v"})


@pytest.fixture
def started(settings):
    key = fingerprint.make_key(settings.state_dir)
    return Record(
        pid=1,
        born="",
        started_at=0.0,
        url="",
        environment="test",
        values=fingerprint.of_values(surroundings.environment_of(settings), key),
        code=surroundings.code_of(settings),
        requirements=surroundings.requirements_of(settings),
    )


def test_empty_keys_are_left_to_defaults(settings):
    environment = surroundings.environment_of(settings)

    assert environment["DATABASE_URL"] == "sqlite:///data/app.db"
    assert environment["APP_ENV"] == "test"
    assert environment["LOG_DIR"] == str(settings.project / "logs")


def test_nothing_has_changed_at_first(settings, started):
    assert surroundings.changes_since(started, settings) == ()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"API_PORT": "8123", "KEY": "other"}, "env (KEY)"),
        ({"API_PORT": "8123"}, "env (KEY)"),
        ({"API_PORT": "8123", "KEY": "v", "NEW": "1"}, "env (NEW)"),
        ({"API_PORT": "9000", "KEY": ""}, "env (API_PORT, KEY)"),
    ],
)
def test_changed_keys_are_named_and_values_are_not(settings, started, values, said):
    assert surroundings.changes_since(started, replace(settings, values=values)) == (said,)


def test_code_and_requirements_are_told_apart(settings, started):
    (settings.project / "app" / "new.py").write_text("")
    assert surroundings.changes_since(started, settings) == ("code",)

    (settings.project / "requirements.txt").unlink()
    assert surroundings.changes_since(started, settings) == ("code", "requirements")


def test_no_value_can_be_read_from_a_fingerprint(settings, started):
    assert "8123" not in str(started.values)
    assert fingerprint.of_values({"KEY": "v"}, b"another key")["KEY"] != started.values["KEY"]


def test_key_is_made_once_and_only_for_us(settings):
    first = fingerprint.make_key(settings.state_dir)

    assert fingerprint.make_key(settings.state_dir) == first
    assert (settings.state_dir / "key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("values", "url"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"API_PORT": "", "API_HOST": "0.0.0.0"}, "http://127.0.0.1:8000"),
        ({"API_PORT": "9000", "API_HOST": "10.0.0.1"}, "http://10.0.0.1:9000"),
    ],
)
def test_api_is_asked_where_it_answers(settings, values, url):
    assert surroundings.address_of(replace(settings, values=values)).url == url


@pytest.mark.parametrize("port", ["0", "-1", "65536", "eighty", "８０００", "80 "])
def test_wrong_port_is_said(settings, port):
    with pytest.raises(NotReady, match="API_PORT must be a number"):
        surroundings.address_of(replace(settings, values={"API_PORT": port}))


def test_port_of_somebody_else_is_refused(settings):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = replace(settings, values={"API_PORT": str(other.getsockname()[1])})
        with pytest.raises(NotReady, match="is taken by pid"):
            surroundings.require_free_port(taken)
    surroundings.require_free_port(taken)
