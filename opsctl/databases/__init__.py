"""One module per kind of database, each with the same functions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from opsctl.databases.contents import Contents, TableContents, differences
from opsctl.errors import NotReady

__all__ = ["Contents", "Database", "Dumped", "Place", "TableContents", "Versions", "differences", "kind_of"]

KINDS = ("postgresql", "sqlite")


@dataclass(frozen=True)
class Place:
    """Where a database is, and how its own programs are reached.

    SQLite: `file` is the database file. PostgreSQL: `prefix` are the words before psql or pg_dump
    (`docker exec -i CONTAINER` for a server in a container, nothing for programs of this machine),
    `folders` says under which path the programs see a folder of this machine.
    """

    kind: str  # postgresql or sqlite
    name: str  # what the operator types to confirm: the database's name, or the file's
    file: Path | None = None
    user: str = ""
    host: str = ""
    port: int = 5432
    prefix: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    folders: Mapping[Path, str] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """What a person needs to tell this database from another one."""
        if self.file:
            return str(self.file)
        at = self.prefix[-1] if self.prefix else f"{self.host or 'this machine'}:{self.port}"
        return f"{self.name} on {at}"


@dataclass(frozen=True)
class Versions:
    """Of the server (or the SQLite library) and of the program that dumps it: `17.5`."""

    engine: str
    tool: str


@dataclass(frozen=True)
class Dumped:
    """What a dump holds: all of it from one moment, whatever was written meanwhile."""

    file: Path
    versions: Versions
    database_bytes: int
    contents: Contents


class Database(Protocol):
    """What a module in this folder must offer.

    A database beside the live one has a name of its own: for PostgreSQL a database on the same server, for SQLite a
    file in the same folder. Every function raises OpsctlError kinds only, and leaves the live database alone unless
    its name is `swap`.
    """

    DATA_FILE: str

    def versions(self, place: Place) -> Versions:
        """Raises NotReady when the database cannot be reached or its tools are missing or too old."""

    def exists(self, place: Place) -> bool:
        """Whether there is a live database; its server must answer."""

    def size_bytes(self, place: Place) -> int: ...

    def rows(self, place: Place, database: str | None = None) -> Mapping[str, int]:
        """Rows of each table, counted, of the live database or of one beside it."""

    def dump(self, place: Place, folder: Path, *, timeout_s: float, lock_wait_s: float) -> Dumped:
        """Write one consistent copy to `folder`/DATA_FILE (0600, synced) while others write."""

    def read_through(self, place: Place, file: Path, database_bytes: int) -> None:
        """Read a whole data file without loading it. Raises Refused (`backup.corrupt`) when it is not whole."""

    def require_room(self, place: Place, engine: str, database_bytes: int) -> None:
        """Raises NotReady when a copy made by this engine version cannot be loaded here, or has no space."""

    def load_beside(self, place: Place, file: Path, database_bytes: int, *, timeout_s: float) -> str:
        """Load a data file into a database beside the live one; return its name."""

    def contents(self, place: Place, database: str) -> Contents:
        """What a database beside the live one holds."""

    def swap(self, place: Place, database: str, *, wait_s: float) -> tuple[str | None, float]:
        """Make a database beside the live one the live one.

        Return the name under which the old one is kept (None when there was none), and for how many seconds no
        connection could write. Killed at any moment it leaves the old one live, or the new one.
        """

    def drop(self, place: Place, database: str) -> None:
        """Remove a database beside the live one."""

    def previous(self, place: Place) -> tuple[str, ...]:
        """Databases that were live before a swap, the latest first."""

    def clean_up(self, place: Place) -> tuple[str, ...]:
        """Put right what a killed run left behind; one sentence for each thing done. The caller holds the lock."""


def kind_of(place: Place) -> Database:
    """The module for this kind of database."""
    if place.kind not in KINDS:
        raise NotReady(f"no support for {place.kind} databases", cause="database.kind", hint="look at DATABASE_URL")
    name = "postgres" if place.kind == "postgresql" else place.kind
    return cast(Database, import_module(f"opsctl.databases.{name}"))
