"""A throw-away project with a filled database: SQLite in a file, or postgres:17 in a container with a mount."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import dataset
from opsctl.databases import Place
from opsctl.settings import Settings

ROOT = Path(__file__).parents[1]
IMAGE = "postgres:17"
ADDRESS = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
READY_WITHIN_S = 60


@dataclass(frozen=True)
class Filled:
    settings: Settings
    place: Place
    rows: int

    @property
    def folder(self) -> Path:
        return self.settings.project


@contextmanager
def filled(database: str, scale: float) -> Iterator[Filled]:
    folder = Path(tempfile.mkdtemp(prefix="opsctl-benchmark-"))
    (folder / "backups").mkdir(mode=0o700)
    shutil.copytree(ROOT / "migrations", folder / "migrations")
    settings = Settings(project=folder, environment="test", values={})
    try:
        with (_sqlite if database == "sqlite" else _postgres)(folder) as (place, url):
            words = [sys.executable, "-m", "alembic", "upgrade", "head"]
            subprocess.run(words, cwd=ROOT, env={**os.environ, "DATABASE_URL": url, "APP_ENV": "test"}, check=True)
            counts = dataset.fill(url, scale=scale)
            yield Filled(settings, place, sum(counts.values()))
    finally:
        shutil.rmtree(folder)


@contextmanager
def _sqlite(folder: Path) -> Iterator[tuple[Place, str]]:
    file = folder / "app.db"
    yield Place("sqlite", file.name, file=file), f"sqlite:///{file}"


@contextmanager
def _postgres(folder: Path) -> Iterator[tuple[Place, str]]:
    mount = f"{folder / 'backups'}:/backups"
    words = ["docker", "run", "-d", "--rm", "--shm-size=256m", "-e", "POSTGRES_USER=stockalert"]
    started = subprocess.run(
        [*words, "-e", "POSTGRES_PASSWORD=benchmark", "-v", mount, IMAGE], check=True, capture_output=True, text=True
    )
    container = started.stdout.strip()[:12]
    try:
        found = subprocess.run(["docker", "inspect", "-f", ADDRESS, container], capture_output=True, text=True)
        url = f"postgresql+psycopg://stockalert:benchmark@{found.stdout.strip()}:5432/stockalert"
        _wait_for(container)
        prefix = ("docker", "exec", "-i", container)
        place = Place(
            "postgresql", "stockalert", user="stockalert", prefix=prefix, folders={folder / "backups": "/backups"}
        )
        yield place, url
    finally:
        subprocess.run(["docker", "rm", "-f", container], capture_output=True)


def _wait_for(container: str) -> None:
    """Over TCP: while the image initialises, a server that nobody may use yet answers on the socket."""
    deadline = time.monotonic() + READY_WITHIN_S
    ready = ["docker", "exec", container, "pg_isready", "-q", "-h", "127.0.0.1"]
    while subprocess.run(ready, capture_output=True).returncode != 0:
        if time.monotonic() > deadline:
            raise SystemExit("the server did not become ready")
        time.sleep(0.2)
