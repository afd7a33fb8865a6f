"""What an SQLite database holds: rows and fingerprints of its tables, sequences, revision."""

import hashlib
import marshal
import sqlite3
from collections.abc import Iterable, Iterator

from opsctl.databases import Contents, TableContents
from opsctl.databases.sqlite.pages import PAGES_AT_ONCE, Pages

PAGES_METHOD = "pages-sha256"
ROWS_METHOD = "rows-sha256"
ROWS_AT_ONCE = 1000
MARSHAL_VERSION = 2  # the last one whose bytes depend on the values alone


def contents_of(connection: sqlite3.Connection, pages: Pages) -> Contents:
    """Rows are counted by SQLite. A table is fingerprinted by the pages that belong to it, in the file's order.

    A backup is a copy page for page, so that is the same after a restore, at a fifth of the cost of reading every
    row; where SQLite cannot tell which page is whose (built without dbstat), all rows are read.
    """
    names = names_of(connection)
    try:
        fingerprints = _by_pages(connection, pages, names)
        method = PAGES_METHOD
    except sqlite3.OperationalError as error:
        if "dbstat" not in str(error):
            raise
        fingerprints = {name: _by_rows(connection, name) for name in names}
        method = ROWS_METHOD
    counts = rows_of(connection)
    return Contents(
        tables={name: TableContents(counts[name], fingerprints[name], method) for name in names},
        sequences=_sequences(connection),
        revision=_revision(connection),
    )


def names_of(connection: sqlite3.Connection) -> list[str]:
    found = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 AND name NOT GLOB 'sqlite_*'"
        " ORDER BY name"
    )
    return [name for (name,) in found]


def rows_of(connection: sqlite3.Connection) -> dict[str, int]:
    return {
        name: connection.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone()[0]  # noqa: S608
        for name in names_of(connection)
    }


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _by_pages(connection: sqlite3.Connection, pages: Pages, names: list[str]) -> dict[str, str]:
    hashes = {name: hashlib.sha256() for name in names}
    wanted = ", ".join("?" * len(names))  # by name: walking the indexes as well would take twice as long
    owned = connection.execute(f"SELECT pageno, name FROM dbstat WHERE name IN ({wanted})", names).fetchall()  # noqa: S608
    for name, first, count in _runs(sorted(owned)):
        hashes[name].update(pages.read(first, count))
    return {name: hashed.hexdigest() for name, hashed in hashes.items()}


def _runs(owned: Iterable[tuple[int, str]]) -> Iterator[tuple[str, int, int]]:
    """Neighbouring pages of one table together: (name, first page, how many)."""
    name, first, count = "", 0, 0
    for page, owner in owned:
        if owner == name and page == first + count and count < PAGES_AT_ONCE:
            count += 1
            continue
        if count:
            yield name, first, count
        name, first, count = owner, page, 1
    if count:
        yield name, first, count


def _by_rows(connection: sqlite3.Connection, name: str) -> str:
    hashed = hashlib.sha256()
    found = connection.execute(f"SELECT * FROM {quoted(name)}")  # noqa: S608
    while batch := found.fetchmany(ROWS_AT_ONCE):
        hashed.update(marshal.dumps(batch, MARSHAL_VERSION))
    return hashed.hexdigest()


def _sequences(connection: sqlite3.Connection) -> dict[str, int]:
    try:
        return {name: int(last) for name, last in connection.execute("SELECT name, seq FROM sqlite_sequence")}
    except sqlite3.OperationalError:  # no table numbers its rows for ever
        return {}


def _revision(connection: sqlite3.Connection) -> str | None:
    try:
        found = connection.execute("SELECT version_num FROM alembic_version ORDER BY 1").fetchall()
    except sqlite3.OperationalError:  # not a database of Alembic's
        return None
    return ",".join(str(version) for (version,) in found) or None
