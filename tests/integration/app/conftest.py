"""A migrated database of its own for each test, on SQLite and on PostgreSQL, and the API upon it."""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from app import db
from app.api.main import create_app
from app.api.users import failed_logins
from app.models import Symbol, Table
from app.settings import Environment, Settings, load_settings

ROOT = Path(__file__).parents[3]
JWT_KEY = "a key that only the tests sign with, 32+"
HEAD = ScriptDirectory.from_config(Config(ROOT / "alembic.ini")).get_current_head()
KINDS = ("sqlite", "postgres")

Headers = dict[str, str]


def migrate(url: str, target: str = "head") -> None:
    """Up to a revision, or down when it begins with '-' or is 'base'."""
    before = os.environ.get("DATABASE_URL")
    os.environ["DATABASE_URL"] = url
    try:
        config = Config(ROOT / "alembic.ini")
        (command.downgrade if target.startswith(("-", "base")) else command.upgrade)(config, target)
    finally:
        db.make_engine.cache_clear()
        os.environ.pop("DATABASE_URL")
        if before is not None:
            os.environ["DATABASE_URL"] = before


class PostgresServer:
    """Makes and drops databases on the server that the tests may use."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url).set(drivername="postgresql")

    def create(self, name: str, template: str = "template1") -> str:
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self._url.set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)

    def drop(self, name: str) -> None:
        self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def wipe(self, url: str, template: str) -> None:
        """As good as new: emptied, or made anew where a test left more behind than rows."""
        name = make_url(url).database or ""
        try:
            with psycopg.connect(self._url.set(database=name).render_as_string(hide_password=False)) as connection:
                connection.execute("SET lock_timeout = '2s'")
                found = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
                tables = {row[0] for row in connection.execute(found)}
                revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
                if tables == set(Table.metadata.tables) and revision == (HEAD,):
                    connection.execute(f"TRUNCATE {', '.join(sorted(tables))} RESTART IDENTITY")
                    return
        except psycopg.Error:
            pass
        self.drop(name)
        self.create(name, template)

    def cut_connections(self, url: str) -> None:
        """What a restart or a restore does to whoever is connected."""
        name = make_url(url).database
        self._run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

    def _run(self, statement: str) -> None:
        with psycopg.connect(self._url.render_as_string(hide_password=False), autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "app.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgres_server(postgres_url: str) -> PostgresServer:
    return PostgresServer(postgres_url)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> Iterator[str]:
    name = f"template_{uuid4().hex[:12]}"
    migrate(postgres_server.create(name))
    yield name
    postgres_server.drop(name)


@pytest.fixture(scope="session")
def postgres_database(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """One for all tests: making one takes longer than most of them, and so does getting to know it."""
    name = f"test_{uuid4().hex[:12]}"
    yield postgres_server.create(name, postgres_template)
    postgres_server.drop(name)


@pytest.fixture(params=KINDS)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"test_{uuid4().hex[:12]}"
    yield server.create(name)
    server.drop(name)


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database without a row."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "app.db")
        yield f"sqlite:///{tmp_path}/app.db"
        return
    url = request.getfixturevalue("postgres_database")
    yield url
    server: PostgresServer = request.getfixturevalue("postgres_server")
    server.wipe(url, request.getfixturevalue("postgres_template"))


@pytest.fixture
def environment(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """What the service reads, in this process and as a dict for child processes; add to it through monkeypatch."""
    values = {
        "APP_ENV": "test",
        "DATABASE_URL": database_url,
        "JWT_SECRET_KEY": JWT_KEY,
        "LOG_DIR": str(tmp_path / "logs"),
        "HEARTBEAT_DIR": str(tmp_path / "heartbeats"),
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)  # away from a .env that may lie in the project
    load_settings.cache_clear()
    yield values
    if database_url.startswith("sqlite"):  # the engine of the one PostgreSQL database stays, and what it has learned
        db.make_engine.cache_clear()
    load_settings.cache_clear()


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@pytest.fixture
def market(environment: dict[str, str], now: datetime) -> None:
    """Two symbols that can be watched."""
    with db.transaction() as session:
        session.add(Symbol(symbol="005930", name="삼성전자", market="KOSPI", updated_at=now))
        session.add(Symbol(symbol="0126Z0", name="삼성에피스홀딩스", market="KOSPI", updated_at=now))


@pytest.fixture(scope="session")
def application() -> FastAPI:
    """Made once, because that takes longer than most tests; settings and database are read at each request."""
    return create_app(Settings(app_env=Environment.TEST, jwt_secret_key=SecretStr(JWT_KEY)))


@pytest.fixture
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost nothing: signing people up took longer than the tests. The real ones have tests of their own."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr("app.services.passwords._HASHER", hasher)
    monkeypatch.setattr("app.services.passwords._NOBODYS_HASH", hasher.hash("nobody's password"))


@pytest.fixture
def api(market: None, application: FastAPI, cheap_passwords: None) -> TestClient:
    """The API over HTTP; a bug answers 500 as it does in production."""
    failed_logins.forget_all()
    return TestClient(application, raise_server_exceptions=False)


@pytest.fixture
def sign_up(api: TestClient) -> Callable[[str], Headers]:
    """Register somebody and log in; gives the headers that say who they are."""

    def sign_up(name: str) -> Headers:
        password = f"{name}'s long password"
        registered = api.post(
            "/users/register", json={"username": name, "email": f"{name}@example.com", "password": password}
        )
        assert registered.status_code == 200, registered.text
        token = api.post("/users/login", json={"username": name, "password": password}).json()["access_token"]
        return {"Authorization": f"Bearer {token}"}

    return sign_up


@pytest.fixture
def ada(sign_up: Callable[[str], Headers]) -> Headers:
    """Ada owns things."""
    return sign_up("ada")


@pytest.fixture
def charlie(sign_up: Callable[[str], Headers]) -> Headers:
    """Charlie may not."""
    return sign_up("charlie")
