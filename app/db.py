"""The engine, and the only place that commits."""

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, NullPool, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from app.settings import load_settings

WAIT_FOR_LOCK_S = 5.0
STATEMENT_TIMEOUT_MS = 5_000
POOL_SIZE = 10

_READ_ONLY = {"postgresql_readonly": True, "sqlite_begin": "BEGIN"}


@contextmanager
def transaction(*, read_only: bool = False) -> Iterator[Session]:
    """One door call, one transaction: commit if the block ends, roll back if it raises.

    A read-only one does not take SQLite's single write lock.
    """
    bind = engine()
    if read_only:
        bind = bind.execution_options(**_READ_ONLY)
    with Session(bind, expire_on_commit=False) as session, session.begin():
        yield session


def engine() -> Engine:
    return make_engine(load_settings().database_url.get_secret_value())


@cache
def make_engine(url: str, *, statement_timeout_ms: int = STATEMENT_TIMEOUT_MS) -> Engine:
    """A statement timeout of 0 means none; migrations may take their time."""
    file = sqlite_file(url)
    return _sqlite_engine(url, file) if file else _postgres_engine(url, statement_timeout_ms)


def sqlite_file(url: str) -> Path | None:
    """The absolute path of the SQLite database, None for a server."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    return Path(parsed.database or "").absolute()


class SharedLockConnection(sqlite3.Connection):
    """Holds `<file>.lock` shared from before the file is opened until after it is closed.

    A restore takes the lock exclusively to replace the file: a connection closed after that
    would delete the new database's -wal by its name. A file that is not there is not made: a lost
    database must be told, not replaced by an empty one.
    """

    def __init__(self, database: str, *args: Any, **options: Any) -> None:
        self._lock: int | None = None  # for __del__, should the next line raise
        self._lock = _lock_shared(f"{database}.lock")
        try:
            super().__init__(f"file:{quote(database)}?mode=rw", *args, **options | {"uri": True})
        except BaseException:
            self._unlock()
            raise

    def close(self) -> None:
        super().close()
        self._unlock()

    def __del__(self) -> None:
        if self._lock is not None:
            self.close()

    def _unlock(self) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)


def _lock_shared(path: str) -> int:
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise sqlite3.OperationalError(f"unable to open the database's lock file: {error.strerror}") from None
    deadline = time.monotonic() + WAIT_FOR_LOCK_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(lock)
                raise sqlite3.OperationalError("the database is being replaced") from None
            time.sleep(0.01)
        else:
            return lock


def _sqlite_engine(url: str, file: Path) -> Engine:
    file.parent.mkdir(parents=True, exist_ok=True)
    # NullPool: a connection lives one transaction, so a restore never waits for an idle one.
    engine = create_engine(
        url,
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={"factory": SharedLockConnection, "timeout": WAIT_FOR_LOCK_S, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late to protect DDL and reads
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # IMMEDIATE: a transaction that reads first and writes later cannot wait for the lock, it fails.
        connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN IMMEDIATE"))

    return engine


def _postgres_engine(url: str, statement_timeout_ms: int) -> Engine:
    options = {
        "statement_timeout": statement_timeout_ms,
        "lock_timeout": 2_000,
        "idle_in_transaction_session_timeout": 30_000,
        "timezone": "UTC",
        "jit": "off",  # compiling the evaluation took ten times as long as running it
    }
    return create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=POOL_SIZE,
        max_overflow=POOL_SIZE,
        pool_timeout=3,
        connect_args={
            "connect_timeout": 3,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 5_000,
            "application_name": "stockalert",
            "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
        },
    )
