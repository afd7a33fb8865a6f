"""SQLite: one file, copied and replaced while others use it."""

from opsctl.databases.sqlite.dumping import DATA_FILE, dump, exists, read_through, size_bytes, versions
from opsctl.databases.sqlite.restoring import (
    clean_up,
    contents,
    drop,
    load_beside,
    previous,
    require_room,
    rows,
    swap,
)

__all__ = [
    "DATA_FILE",
    "clean_up",
    "contents",
    "drop",
    "dump",
    "exists",
    "load_beside",
    "previous",
    "read_through",
    "require_room",
    "rows",
    "size_bytes",
    "swap",
    "versions",
]
