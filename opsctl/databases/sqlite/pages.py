"""The pages of an SQLite database at one moment, read past SQLite while others go on writing."""

import os
import sqlite3
import struct
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from opsctl.databases.sqlite.files import connected

PAGES_AT_ONCE = 256
LOOK_EVERY_S = 0.0005
# The layouts of SQLite's file formats: sqlite.org/fileformat2.html and sqlite.org/walformat.html
WAL_HEADER = 32
WAL_SALTS = slice(16, 24)
FRAME_HEADER = 24
INDEX_VERSION = 3_007_000
INDEX_HEADER = struct.Struct("=IIIBBHII")
INDEX_SALTS = slice(32, 40)
INDEX_BACKFILLED = 96


class NotFrozen(Exception):
    """The database cannot be held still in this way; it can still be copied by SQLite itself."""


class Pages:
    """Page 1 to `count`, each `size` bytes: those of the main file, but for what only the log holds yet."""

    def __init__(
        self, main: int, size: int, count: int, *, log: int = -1, newer: Mapping[int, int] | None = None
    ) -> None:
        """`main` and `log` are open files; `newer` says where in the log the newest copy of a page is."""
        self.size, self.count = size, count
        self._main, self._log = main, log
        self._salts = _salts(log) if newer else b""
        self._newer: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for page, offset in (newer or {}).items():
            self._newer[page // PAGES_AT_ONCE].append((page, offset))

    def read(self, first: int, count: int) -> bytes | bytearray:
        """The bytes of `count` pages from page number `first` on."""
        start = (first - 1) * self.size
        found = os.pread(self._main, count * self.size, start)
        if not self._newer:
            return found
        patched = bytearray(found.ljust(count * self.size, b"\0"))  # the file may not have grown so far yet
        for group in range(first // PAGES_AT_ONCE, (first + count) // PAGES_AT_ONCE + 1):
            for page, offset in self._newer.get(group, ()):
                if first <= page < first + count:
                    at = (page - first) * self.size
                    patched[at : at + self.size] = os.pread(self._log, self.size, offset)
        return patched

    def stream(self) -> Iterator[bytes | bytearray]:
        for first in range(1, self.count + 1, PAGES_AT_ONCE):
            yield self.read(first, min(PAGES_AT_ONCE, self.count + 1 - first))

    def require_unchanged(self) -> None:
        """Raises NotFrozen when the log was begun anew, and with it what we read from it."""
        if self._salts and _salts(self._log) != self._salts:
            raise NotFrozen


@contextmanager
def pages_of(file: Path) -> Iterator[tuple[sqlite3.Connection, Pages]]:
    """The pages of a file that nobody writes."""
    with ExitStack() as descriptors, connected(file, alone=True) as connection:
        main = _open(file, descriptors)
        yield connection, Pages(main, _number(connection, "PRAGMA page_size"), _number(connection, "PRAGMA page_count"))


@contextmanager
def frozen(file: Path, wait_s: float) -> Iterator[tuple[sqlite3.Connection, Pages]]:
    """One moment of a database in WAL mode, for as long as the block runs, and a connection that sees it too.

    A read transaction keeps a checkpoint from writing to the main file what came after it, and the log from being
    begun anew. So main file + the log's pages up to now are one consistent database, whatever is written meanwhile.
    Writers are stopped only while the transaction begins and the log's index is read: milliseconds.
    """
    # Closing any descriptor of a file drops all of this process's POSIX locks on it, SQLite's included:
    # ours are closed after the connections, by being opened in a block around them.
    with (
        ExitStack() as descriptors,
        connected(file, wait_s=wait_s) as reader,
        connected(file, wait_s=0) as gate,
    ):
        if reader.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            raise NotFrozen
        main = _open(file, descriptors)
        _stop_writers(gate, wait_s)  # the log must not grow between the reader's beginning and our look at it
        try:
            size, count = _begin_reading(reader)
            log, index = (_open(Path(f"{file}{ending}"), descriptors) for ending in ("-wal", "-shm"))
            pages = Pages(main, size, count, log=log, newer=_newer_pages(log, index, size))
        finally:
            gate.execute("ROLLBACK")
        yield reader, pages
        pages.require_unchanged()


def _open(file: Path, until: ExitStack) -> int:
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    until.callback(os.close, descriptor)
    return descriptor


def _stop_writers(gate: sqlite3.Connection, wait_s: float) -> None:
    """SQLite's own waiting looks every 100 ms: beside writers without pauses that took up to 8 s, this 0.3 s."""
    deadline = time.monotonic() + wait_s
    while True:
        try:
            gate.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(LOOK_EVERY_S)
        else:
            return


def _begin_reading(reader: sqlite3.Connection) -> tuple[int, int]:
    """Page size, and how many pages there are now. A transaction begins with its first read, not with BEGIN."""
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return _number(reader, "PRAGMA page_size"), _number(reader, "PRAGMA page_count")


def _newer_pages(log: int, index: int, size: int) -> dict[int, int]:
    """Where in the log the newest copy of each page is that the main file may not have yet."""
    head = os.pread(index, INDEX_BACKFILLED + 4, 0)
    if len(head) < INDEX_BACKFILLED + 4:
        raise NotFrozen
    version, _, _, is_ready, _, said_size, frames, _ = INDEX_HEADER.unpack_from(head)
    if version != INDEX_VERSION or not is_ready:
        raise NotFrozen
    (backfilled,) = struct.unpack_from("=I", head, INDEX_BACKFILLED)
    if frames == backfilled:  # all of the log is in the main file, and stays as it is until the reader ends
        return {}
    if _salts(log) != head[INDEX_SALTS] or (said_size & 0xFE00) + ((said_size & 1) << 16) != size:
        raise NotFrozen
    newer = {}
    for frame in range(frames):
        start = WAL_HEADER + frame * (FRAME_HEADER + size)
        newer[int.from_bytes(os.pread(log, 4, start))] = start + FRAME_HEADER
    return newer


def _salts(log: int) -> bytes:
    """What tells this log from the one before it in the same file."""
    return os.pread(log, WAL_HEADER, 0)[WAL_SALTS]


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(pragma).fetchone()[0])
