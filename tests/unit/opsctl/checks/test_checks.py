"""What single checks make of what they see."""

from datetime import UTC, datetime

import pytest

from opsctl.checks import disk, environment, prices, secrets

GIB = 1024**3
GOOD = {"JWT_SECRET_KEY": "4f0hX1q8Yw-2kLmNpQrStUvWxYz0123456789", "POSTGRES_PASSWORD": "aGoodLongPassword"}


def levels(findings):
    return [finding.level for finding in findings]


@pytest.mark.parametrize(
    ("free", "level"),
    [(50 * GIB, "ok"), (9 * GIB, "warning"), (GIB // 2, "error"), (100 * 1024**2, "error"), (0, "error")],
)
def test_room_on_a_disk_of_100_gib(free, level):
    assert disk.judged(free, 100 * GIB, 10).level == level


def test_good_values_give_no_finding():
    assert list(secrets.of_values(GOOD, "edit", in_containers=True)) == []


@pytest.mark.parametrize(
    ("values", "level", "key"),
    [
        ({"JWT_SECRET_KEY": ""}, "error", "JWT_SECRET_KEY"),
        ({"JWT_SECRET_KEY": "tiny-4f0h"}, "error", "JWT_SECRET_KEY"),
        ({"JWT_SECRET_KEY": "change-me-change-me-change-me-change-me"}, "warning", "JWT_SECRET_KEY"),
        ({"JWT_SECRET_KEY": "a" * 40}, "warning", "JWT_SECRET_KEY"),
        ({"POSTGRES_PASSWORD": ""}, "error", "POSTGRES_PASSWORD"),
        ({"POSTGRES_PASSWORD": "abc"}, "warning", "POSTGRES_PASSWORD"),
        ({"TELEGRAM_BOT_TOKEN": "your-token-here"}, "warning", "TELEGRAM_BOT_TOKEN"),
        ({"DART_API_KEY": "<key>"}, "warning", "DART_API_KEY"),
        ({"API_PORT": "eight thousand"}, "error", "API_PORT"),
    ],
)
def test_values_that_keep_services_down_or_that_anybody_guesses(values, level, key):
    (finding,) = secrets.of_values(GOOD | values, "edit", in_containers=True)

    assert finding.level == level
    assert key in finding.message
    assert not values[key] or values[key] not in finding.message


def test_the_local_runtime_needs_no_database_password():
    assert list(secrets.of_values(GOOD | {"POSTGRES_PASSWORD": ""}, "edit", in_containers=False)) == []


@pytest.fixture
def env_file(tmp_path):
    file = tmp_path / ".env.production"
    file.write_text("APP_ENV=production\n")
    file.chmod(0o600)
    return file


def test_a_private_file_that_can_be_read_is_fine(env_file):
    assert [*environment.of_file(env_file), *environment.of_secrecy(env_file)] == []


def test_a_file_that_is_not_there_or_not_a_file_is_an_error(env_file):
    env_file.unlink()
    assert levels(environment.of_file(env_file)) == ["error"]
    env_file.symlink_to("nowhere")
    assert levels(environment.of_file(env_file)) == ["error"]
    env_file.unlink()
    env_file.mkdir()
    assert levels(environment.of_file(env_file)) == ["error"]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"KEY=\xff\xfe\n"])
def test_a_file_without_readable_keys_is_an_error(env_file, content):
    env_file.write_bytes(content)

    assert levels(environment.of_file(env_file)) == ["error"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_may_read_is_a_warning_with_chmod(env_file, mode):
    env_file.chmod(mode)

    (finding,) = environment.of_secrecy(env_file)

    assert finding.command == f"chmod 600 {env_file}"


def test_a_file_that_git_tracks_is_a_warning(env_file):
    import subprocess

    for words in (["init", "-q"], ["add", "-f", env_file.name]):
        subprocess.run(["git", "-C", str(env_file.parent), *words], check=True)

    (finding,) = environment.of_secrecy(env_file)

    assert "tracked" in finding.message


def test_a_key_that_stands_twice_is_named_with_its_lines_and_no_value(env_file, tmp_path):
    env_file.write_text("APP_ENV=production\nexport JWT_SECRET_KEY=first-value\n# x\n JWT_SECRET_KEY = other-value\n")

    (finding,) = environment.of_keys(env_file, tmp_path / "no-example")

    assert "JWT_SECRET_KEY stands in lines 2, 4" in finding.message
    assert "value" not in finding.message


def test_a_key_that_nobody_reads_is_named_with_the_near_one(env_file, tmp_path):
    example = tmp_path / ".env.example"
    example.write_text("APP_ENV=\nJWT_SECRET_KEY=\n")
    env_file.write_text("APP_ENV=production\nJWT_SECRET_KY=x\nAPI_HOST=127.0.0.1\n")

    (finding,) = environment.of_keys(env_file, example)

    assert "did you mean JWT_SECRET_KEY?" in finding.message


def test_what_the_shell_says_instead_of_the_file_is_told(env_file, monkeypatch):
    env_file.write_text("LOG_LEVEL=INFO\nAPI_PORT=8000\n")
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("API_PORT", "8000")

    (finding,) = environment.of_overrides(env_file)

    assert (finding.level, "LOG_LEVEL" in finding.message, "API_PORT" in finding.message) == ("info", True, False)


@pytest.mark.parametrize(
    ("utc", "is_open"),
    [
        ("2026-11-23 00:04", False),  # Monday 09:04 in Korea: the first prices are on their way
        ("2026-11-23 00:05", True),
        ("2026-11-23 06:29", True),
        ("2026-11-23 06:30", False),
        ("2026-11-22 03:00", False),  # Sunday noon
        ("2026-11-23 20:00", False),
    ],
)
def test_hours_in_which_prices_move(utc, is_open):
    assert prices.is_open(datetime.fromisoformat(utc).replace(tzinfo=UTC)) is is_open
