"""Where a DATABASE_URL points."""

from pathlib import Path

import pytest

from opsctl.errors import NotReady
from opsctl.runtimes.local.place import place_of

PROJECT = Path("/srv/alerts")


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:///data/app.db", "/srv/alerts/data/app.db"),
        ("sqlite:////var/lib/app.db", "/var/lib/app.db"),
        ("sqlite+pysqlite:///data/한글 이름.db", "/srv/alerts/data/한글 이름.db"),
        ("sqlite:///data/app.db?timeout=5", "/srv/alerts/data/app.db"),
    ],
)
def test_sqlite_file_is_relative_to_the_project(url, file):
    place = place_of(url, PROJECT)

    assert (place.kind, place.file) == ("sqlite", Path(file))
    assert place.name == Path(file).name


def test_postgresql_is_taken_apart():
    place = place_of("postgresql+psycopg://ops:p%40ss@db.example:5433/alerts", PROJECT)

    assert (place.kind, place.user, place.host, place.port, place.name) == (
        "postgresql",
        "ops",
        "db.example",
        5433,
        "alerts",
    )
    assert place.secrets == {"PGPASSWORD": "p@ss"}
    assert "p@ss" not in repr(place)


def test_password_may_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "from-outside")

    assert place_of("postgresql://ops@db/alerts", PROJECT).secrets == {"PGPASSWORD": "from-outside"}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "app.db",
        "mysql://db/x",
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql://ops:hunter2-secret@db:port/x",
        "postgresql://ops:hunter2-secret@/x",
        "postgresql://ops:hunter2-secret@db",
    ],
)
def test_what_is_not_understood_is_said_without_the_url(url):
    with pytest.raises(NotReady) as caught:
        place_of(url, PROJECT)
    assert caught.value.cause == "environment.value"
    assert "hunter2" not in str(caught.value)
