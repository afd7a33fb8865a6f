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
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from app import db
from app.api.main import create_app
from app.api.users import failed_logins
from app.models import Symbol
from app.settings import Environment, Settings, load_settings

ROOT = Path(__file__).parents[3]
JWT_KEY = "a key that only the tests sign with, 32+"
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
    """A migrated database, copied from a template."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "app.db")
        yield f"sqlite:///{tmp_path}/app.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"test_{uuid4().hex[:12]}"
    yield server.create(name, request.getfixturevalue("postgres_template"))
    server.drop(name)


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
    db.engine().dispose()
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
def api(market: None, application: FastAPI) -> TestClient:
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
