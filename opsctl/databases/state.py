"""What a live database says about itself, read without the app and without writing."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from opsctl.databases import Place
from opsctl.errors import OpsctlError

READ_TIMEOUT_S = 5.0

_REVISION = "SELECT version_num FROM alembic_version"
_WAITING = "SELECT count(*) FROM outbox WHERE status = 'pending'"

# One round trip. query_to_xml is given text, so a table that is not there yet is not an error.
_POSTGRES = """
SELECT json_build_object('version', current_setting('server_version'), 'size', pg_database_size(current_database()),
  'revision', CASE WHEN to_regclass('alembic_version') IS NOT NULL
    THEN (xpath('//version_num/text()', query_to_xml($q${revision}$q$, false, true, '')))[1]::text END,
  'waiting', CASE WHEN to_regclass('outbox') IS NOT NULL
    THEN (xpath('//count/text()', query_to_xml($q${waiting}$q$, false, true, '')))[1]::text::int END);
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
    from opsctl.databases.sqlite import files

    file = files.require_file(place)
    address = f"{file.absolute().as_uri()}?mode=ro"  # a writer would tidy up the log when it closes
    try:
        with (
            files.shared(file, READ_TIMEOUT_S),
            files.explained(file),
            closing(sqlite3.connect(address, uri=True, timeout=READ_TIMEOUT_S)) as connection,
        ):
            return State(
                version=sqlite3.sqlite_version,
                size_bytes=file.stat().st_size,
                revision=_value(connection, "alembic_version", _REVISION),
                outbox_waiting=_value(connection, "outbox", _WAITING),
            )
    except OSError as error:  # the lock beside the file, in a folder that cannot be written
        raise OpsctlError(
            f"{file} cannot be read: {error.strerror}", cause="db.unreadable", hint=f"ls -ld {file.parent}"
        ) from None


def _value(connection: sqlite3.Connection, table: str, query: str) -> Any:
    """The one value of a query; None when the table is not there or has no row."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
        return None
    row = connection.execute(query).fetchone()
    return row[0] if row else None


def _postgres(place: Place) -> State:
    from opsctl.databases.postgres import psql

    found = psql.query(place, _POSTGRES.format(revision=_REVISION, waiting=_WAITING), timeout_s=READ_TIMEOUT_S)
    return State(
        version=found["version"].split()[0],
        size_bytes=found["size"],
        revision=found["revision"],
        outbox_waiting=found["waiting"],
    )
