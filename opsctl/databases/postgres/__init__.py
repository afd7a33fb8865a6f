"""PostgreSQL, by its own programs."""

from opsctl.databases.postgres.contents import contents, rows
from opsctl.databases.postgres.dumping import DATA_FILE, dump, read_through, size_bytes, versions
from opsctl.databases.postgres.restoring import clean_up, drop, exists, load_beside, previous, require_room, swap

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
