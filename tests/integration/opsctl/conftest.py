"""A project folder of its own for each test, and opsctl at work in it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from opsctl import environment
from opsctl.cli import app
from tests.integration.opsctl.stocked import Stocked, stocked_postgres, stocked_sqlite
from tests.integration.opsctl.system import System, new_system
from tests.postgresql import free_port

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
    monkeypatch.setenv("API_PORT", str(free_port()))  # somebody's service may be up on this machine
    return folder


@pytest.fixture
def opsctl(project):
    """Run opsctl in the project folder; gives exit_code, stdout and stderr."""
    return lambda *words: CliRunner().invoke(app, list(words))


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """A folder that was never brought up, for the local runtime, with a stand-in where the service would run."""
    with new_system(tmp_path / "system") as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def stocked(request, project) -> Iterator[Stocked]:
    """The project folder with a few rows in its database, once for each kind of database."""
    if request.param == "sqlite":
        with stocked_sqlite(project) as made:
            yield made
        return
    with stocked_postgres(project, request.getfixturevalue("postgres_url")) as made:
        yield made


@pytest.fixture
def sqlite(project) -> Iterator[Stocked]:
    with stocked_sqlite(project) as made:
        yield made


@pytest.fixture
def postgres(project, postgres_url) -> Iterator[Stocked]:
    with stocked_postgres(project, postgres_url) as made:
        yield made
