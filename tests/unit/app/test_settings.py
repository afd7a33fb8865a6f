from pathlib import Path

import pytest

from app.errors import NotReady
from app.settings import load_settings

SECRET = "s" * 32


@pytest.fixture
def load(monkeypatch, tmp_path):
    """Load with this environment and this .env file, and nothing else."""
    import os

    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        monkeypatch.delenv(name)

    def load(file="", **environment):
        Path(".env").write_text(file, encoding="utf-8")
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        load_settings.cache_clear()
        return load_settings()

    yield load
    load_settings.cache_clear()


def test_environment_wins_over_the_file(load):
    settings = load("APP_ENV=test\nAPI_PORT=1\n", API_PORT="2")

    assert (settings.app_env, settings.api_port) == ("test", 2)


def test_empty_value_means_the_default(load):
    assert load(APP_ENV="test", API_PORT="", DATABASE_URL="").api_port == 8000


def test_unknown_keys_are_left_to_others(load):
    assert load("APP_ENV=test\nOPSCTL_KEEP=3\nPOSTGRES_PASSWORD=abcdef\n")


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({}, "APP_ENV is missing"),
        ({"APP_ENV": "prod"}, "APP_ENV: Input should be"),
        ({"APP_ENV": "test", "API_PORT": "70000"}, "API_PORT"),
        ({"APP_ENV": "test", "TICK_SECONDS": "0"}, "TICK_SECONDS"),
        ({"APP_ENV": "test", "TICK_SECONDS": "nan"}, "TICK_SECONDS"),
        ({"APP_ENV": "test", "LOG_LEVEL": "loud"}, "LOG_LEVEL"),
        ({"APP_ENV": "test", "TELEGRAM_ADMIN_IDS": "1,x"}, "TELEGRAM_ADMIN_IDS"),
        ({"APP_ENV": "test", "TELEGRAM_API_URL": "ftp://x"}, "TELEGRAM_API_URL: must begin with http"),
        ({"APP_ENV": "test", "DATABASE_URL": "mysql://u:topsecret@h/d"}, "DATABASE_URL: must begin with sqlite"),
        ({"APP_ENV": "test", "DATABASE_URL": "topsecret"}, "DATABASE_URL: is not a database URL"),
        ({"APP_ENV": "test", "JWT_SECRET_KEY": "topsecret"}, "JWT_SECRET_KEY: must have at least 32 bytes"),
        ({"APP_ENV": "test", "QUOTE_PROVIDER": "rumours"}, "QUOTE_PROVIDER"),
        ({"APP_ENV": "test", "DATABASE_URL": "sqlite:///:memory:"}, "DATABASE_URL: must name a file"),
        ({"APP_ENV": "test", "DATABASE_URL": "sqlite://"}, "DATABASE_URL: must name a file"),
    ],
)
def test_complaint_names_the_key_and_never_the_value(load, environment, complaint):
    with pytest.raises(NotReady) as refusal:
        load(**environment)

    assert str(refusal.value).startswith(complaint)
    assert "topsecret" not in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_every_wrong_key_is_named_at_once(load):
    with pytest.raises(NotReady, match=r"APP_ENV is missing; API_PORT"):
        load(API_PORT="x")


def test_api_refuses_to_start_without_a_signing_key(load):
    with pytest.raises(NotReady, match="JWT_SECRET_KEY is missing"):
        load(APP_ENV="test").require_jwt_key()
    assert load(JWT_SECRET_KEY=SECRET).require_jwt_key()


def test_admins_are_a_list_of_numbers_and_nobody_by_default(load):
    assert load(APP_ENV="test").telegram_admin_ids == frozenset()
    assert load(TELEGRAM_ADMIN_IDS="1, 22 ,").telegram_admin_ids == {1, 22}


def test_settings_show_no_secret_and_know_all_of_them(load):
    settings = load(
        APP_ENV="test",
        JWT_SECRET_KEY=SECRET,
        TELEGRAM_BOT_TOKEN="1:token",
        DATABASE_URL="postgresql+psycopg://u:pass%40word@h/d",
        PGPASSWORD="libpq",
    )

    assert settings.secrets() == {
        "JWT_SECRET_KEY": SECRET,
        "TELEGRAM_BOT_TOKEN": "1:token",
        "DATABASE_URL": "pass@word",
        "DATABASE_PASSWORD": "libpq",
    }
    assert not any(secret in repr(settings) for secret in settings.secrets().values())
