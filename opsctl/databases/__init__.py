"""One module per kind of database, each with the same functions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


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
