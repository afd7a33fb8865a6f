"""What a live database says about itself, read without the app and without writing."""

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from opsctl import process
from opsctl.databases import Place
from opsctl.errors import NotReady, OpsctlError

READ_TIMEOUT_S = 5.0

_REVISION = "SELECT version_num FROM alembic_version"
_WAITING = "SELECT count(*) FROM outbox WHERE status = 'pending'"

# One round trip. query_to_xml is given text, so a table that is not there yet is not an error.
_POSTGRES = """
SELECT current_setting('server_version'), pg_database_size(current_database()),
  CASE WHEN to_regclass('alembic_version') IS NOT NULL
    THEN (xpath('//version_num/text()', query_to_xml($q${revision}$q$, false, true, '')))[1]::text END,
  CASE WHEN to_regclass('outbox') IS NOT NULL
    THEN (xpath('//count/text()', query_to_xml($q${waiting}$q$, false, true, '')))[1]::text END
"""


@dataclass(frozen=True)
class State:
    version: str  # of the engine
    size_bytes: int
    revision: str | None  # None: no migration has run
    outbox_waiting: int | None  # messages the sender has yet to take; None: there is no outbox yet


def read(place: Place) -> State:
    """Raises NotReady when the database is not there, OpsctlError when it cannot be read."""
    return _sqlite(place) if place.kind == "sqlite" else _postgres(place)


def _sqlite(place: Place) -> State:
    file = place.file
    assert file  # an SQLite place always has one
    if not file.is_file():
        raise NotReady(f"there is no database {file} yet", cause="db.missing", hint="opsctl up")
    try:
        with _not_while_replaced(file), closing(_read_only(file)) as connection:
            return State(
                version=sqlite3.sqlite_version,
                size_bytes=file.stat().st_size,
                revision=_value(connection, "alembic_version", _REVISION),
                outbox_waiting=_value(connection, "outbox", _WAITING),
            )
    except (sqlite3.Error, OSError) as error:
        raise OpsctlError(
            f"{file.name} cannot be read: {error}", cause="db.unreadable", hint="opsctl db backups"
        ) from None


def _read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True, timeout=READ_TIMEOUT_S)


def _value(connection: sqlite3.Connection, table: str, query: str) -> Any:
    """The one value of a query; None when the table is not there or has no row."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
        return None
    row = connection.execute(query).fetchone()
    return row[0] if row else None


@contextmanager
def _not_while_replaced(file: Path) -> Iterator[None]:
    """Hold the shared lock that every reader of the file holds: a restore swaps the file when nobody does."""
    descriptor = _open_lock(file.with_name(f"{file.name}.lock"))
    try:
        if descriptor is not None:
            _lock_shared(descriptor)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _open_lock(path: Path) -> int | None:
    """None in a folder that is read-only and has no lock yet: nobody can replace a file there either."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC) if path.exists() else None


def _lock_shared(descriptor: int) -> None:
    deadline = time.monotonic() + READ_TIMEOUT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise OpsctlError("the database is being replaced", cause="db.busy", hint="try again later") from None
            time.sleep(0.02)
        else:
            return


def _postgres(place: Place) -> State:
    words = _psql(place, _POSTGRES.format(revision=_REVISION, waiting=_WAITING))
    done = process.attempt(words, secrets=place.secrets, timeout_s=READ_TIMEOUT_S, quiet=True)
    if done.status != 0:
        said = done.stderr.strip().splitlines() or [f"psql ended with status {done.status}"]
        raise OpsctlError(
            f"the database {place.name} does not answer: {said[-1]}", cause="db.unreachable", hint="opsctl doctor"
        )
    version, size, revision, waiting = done.stdout.strip("\n").split("|")
    return State(
        version=version.split()[0],
        size_bytes=int(size),
        revision=revision or None,
        outbox_waiting=int(waiting) if waiting else None,
    )


def _psql(place: Place, statement: str) -> tuple[str, ...]:
    host = (f"--host={place.host}", f"--port={place.port}") if place.host else ()
    return (
        *(*place.prefix, "psql", "--no-psqlrc", "--no-password", "--no-align", "--tuples-only", "--quiet"),
        *(*host, f"--username={place.user}", f"--dbname={place.name}", f"--command={statement}"),
    )
