"""A project folder with a database that holds something: the same few tables in SQLite and in PostgreSQL."""

import fcntl
import json
import os
import re
import secrets
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from opsctl import environment

PEOPLE = ("ada", "bob", "찰리 🔔", "tab\tand\nline", "back\\slash 'quote'")
ACCOUNTS, MONEY = 20, 1000
TABLES = """
CREATE TABLE people (id INTEGER PRIMARY KEY {identity}, name TEXT NOT NULL UNIQUE, note TEXT);
CREATE TABLE accounts (id INTEGER PRIMARY KEY, won INTEGER NOT NULL);
CREATE TABLE empty_one (id INTEGER PRIMARY KEY);
"""

Execute = Callable[..., list[tuple[Any, ...]]]


@dataclass
class Stocked:
    """The ways to its database that go past opsctl, and opsctl as a program of its own."""

    project: Path
    kind: str
    url: str
    secret: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def backups(self) -> Path:
        return self.project / "backups"

    @property
    def file(self) -> Path:
        return self.project / "data" / "app.db"

    @property
    def name(self) -> str:
        return self.file.name if self.kind == "sqlite" else urlsplit(self.url).path.removeprefix("/")

    @contextmanager
    def connected(self) -> Iterator[Execute]:
        """Statements with ? for values, each its own transaction; the lock is held as the app holds it."""
        if self.kind == "sqlite":
            with Path(f"{self.file}.lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH)
                with closing(sqlite3.connect(self.file, timeout=30, isolation_level=None)) as connection:
                    yield lambda sql, *values: connection.execute(sql, values).fetchall()
            return
        with psycopg.connect(self.url, autocommit=True) as server:

            def execute(sql: str, *values: Any) -> list[tuple[Any, ...]]:
                cursor = server.execute(sql.replace("%", "%%").replace("?", "%s"), values)  # type: ignore[arg-type]
                return cursor.fetchall() if cursor.description else []

            yield execute

    def run(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.connected() as execute:
            return execute(sql, *values)

    def people(self) -> list[str]:
        return [name for (name,) in self.run("SELECT name FROM people ORDER BY id")]

    def add(self, name: str) -> None:
        self.run("INSERT INTO people (name, note) VALUES (?, ?)", name, "메모")

    def money(self) -> int:
        return int(self.run("SELECT sum(won) FROM accounts")[0][0])

    def fatten(self, megabytes: int) -> None:
        """Text that does not compress, so that a backup takes a while."""
        with self.connected() as execute:
            execute("BEGIN")
            for _ in range(megabytes * 16):
                execute("INSERT INTO people (name, note) VALUES (?, ?)", secrets.token_hex(8), secrets.token_hex(32768))
            execute("COMMIT")

    def start(self, *words: str, **options: Any) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "opsctl", *words],
            cwd=self.project,
            env={**os.environ, "OPSCTL_RUNTIME_NAME": "local", **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def opsctl(self, *words: str) -> "subprocess.CompletedProcess[str]":
        child = self.start(*words)
        out, err = child.communicate(timeout=120)
        return subprocess.CompletedProcess(words, child.returncode, out, err)

    def killed(self, *words: str, after_s: float, with_signal: int = signal.SIGKILL) -> int:
        """Run opsctl and end it after a while; its exit status (0 when it was done before)."""
        child = self.start(*words)
        time.sleep(after_s)
        child.send_signal(with_signal)
        child.communicate(timeout=60)
        return child.returncode

    def listed(self) -> list[dict[str, Any]]:
        done = self.opsctl("db", "backups", "--json")
        assert done.returncode == 0, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)["backups"]
        return found

    def hidden(self) -> list[str]:
        """What lies in the backup folder without being a backup."""
        return [entry.name for entry in self.backups.iterdir() if entry.name.startswith(".")]


def use_database(project: Path, url: str) -> None:
    file = project / ".env.development"
    file.write_text(re.sub(r"(?m)^DATABASE_URL=.*$", f"DATABASE_URL={url}", file.read_text()))


def become(project: Path, name: str) -> None:
    """From now on the folder runs as another environment, with the same database."""
    text = (project / ".env.development").read_text()
    environment.file_of(project, name).write_text(text.replace("APP_ENV=development", f"APP_ENV={name}"))
    environment.remember(project, name)


@contextmanager
def stocked_sqlite(project: Path) -> Iterator[Stocked]:
    made = Stocked(project, "sqlite", "sqlite:///data/app.db")
    use_database(project, made.url)
    made.file.parent.mkdir(exist_ok=True)
    made.run("PRAGMA journal_mode = WAL")
    _fill(made, "AUTOINCREMENT")
    yield made


@contextmanager
def stocked_postgres(project: Path, server: str) -> Iterator[Stocked]:
    """A database and a role (superuser, as in the `db` container) of its own on the server."""
    name, password = f"stock_{secrets.token_hex(4)}", f"pw-{secrets.token_hex(12)}"
    at = urlsplit(server)
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {name} SUPERUSER LOGIN PASSWORD '{password}'")  # type: ignore[arg-type]
        admin.execute(f"CREATE DATABASE {name} OWNER {name}")  # type: ignore[arg-type]
        try:
            url = f"postgresql://{name}:{password}@{at.hostname}:{at.port or 5432}/{name}"
            made = Stocked(project, "postgresql", url, secret=password)
            use_database(project, url.replace("postgresql:", "postgresql+psycopg:", 1))
            _fill(made, "GENERATED BY DEFAULT AS IDENTITY")
            yield made
        finally:
            for (left,) in admin.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", (f"{name}%",)):
                admin.execute(f'DROP DATABASE "{left}" WITH (FORCE)')  # type: ignore[arg-type]
            admin.execute(f"DROP ROLE {name}")  # type: ignore[arg-type]


def _fill(made: Stocked, identity: str) -> None:
    with made.connected() as execute:
        for statement in filter(str.strip, TABLES.format(identity=identity).split(";")):
            execute(statement)
        for name in PEOPLE:
            execute("INSERT INTO people (name) VALUES (?)", name)
        for account in range(ACCOUNTS):
            execute("INSERT INTO accounts VALUES (?, ?)", account, MONEY)
