"""One scheduler at work at a time. An optimisation: unique slots and dedup keys are what makes doubles impossible."""

import fcntl
import os
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from app import db

# Any number, as long as nothing else in this database uses it; below 2**31 it is pg_locks.objid as it is.
LEADER_LOCK = 1_146_245_100


class Leader(Protocol):
    def acquire(self) -> bool:
        """Try once; False when another process leads. Raises SQLAlchemyError when the database does not answer."""
        ...

    def is_held(self) -> bool: ...

    def release(self) -> None: ...


def leader_for(url: str) -> Leader:
    file = db.sqlite_file(url)
    return FileLeader(Path(f"{file}.leader")) if file else PostgresLeader()


class FileLeader:
    """flock beside the SQLite file: the kernel lets go when the process dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def acquire(self) -> bool:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True

    def is_held(self) -> bool:
        """False also when the file was deleted: the next process would lock another one."""
        try:
            return self._file is not None and os.path.samestat(os.fstat(self._file), self._path.stat())
        except FileNotFoundError:
            return False

    def release(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)


class PostgresLeader:
    """A session's advisory lock on a connection of its own: the server lets go when the connection dies."""

    def __init__(self) -> None:
        self._connection: Connection | None = None

    def acquire(self) -> bool:
        connection = db.engine().connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            connection.detach()  # a pooled connection that goes back keeps the lock
            if connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": LEADER_LOCK}):
                self._connection = connection
                return True
        finally:
            if self._connection is None:
                connection.close()
        return False

    def is_held(self) -> bool:
        mine = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = :key AND pid = pg_backend_pid()"
        try:
            return self._connection is not None and bool(self._connection.scalar(text(mine), {"key": LEADER_LOCK}))
        except SQLAlchemyError:
            return False

    def release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except SQLAlchemyError:
                connection.invalidate()
