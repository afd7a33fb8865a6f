"""Copy a living SQLite file: one moment of it, compressed, without stopping those who write."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import zstandard

from opsctl.databases import Contents, Dumped, Place, Versions
from opsctl.databases.sqlite.files import connected, explained, require_file, shared
from opsctl.databases.sqlite.pages import NotFrozen, Pages, frozen, pages_of
from opsctl.databases.sqlite.tables import contents_of
from opsctl.errors import OpsctlError, Refused

DATA_FILE = "app.db.zst"
LEVEL = 1
THREADS = min(4, os.cpu_count() or 1)
READ_AT_ONCE = 1 << 20
LARGEST_WINDOW = 1 << 27  # zstd's own limit of --long=27: a hostile file cannot ask for more memory


def versions(place: Place) -> Versions:
    require_file(place)
    return Versions(engine=sqlite3.sqlite_version, tool=".".join(map(str, zstandard.ZSTD_VERSION)))


def exists(place: Place) -> bool:
    return place.file is not None and place.file.is_file()


def size_bytes(place: Place) -> int:
    return require_file(place).stat().st_size


def dump(place: Place, folder: Path, *, timeout_s: float, lock_wait_s: float) -> Dumped:  # noqa: ARG001  # nothing to wait for but the lock
    live, target = require_file(place), folder / DATA_FILE
    with shared(live, lock_wait_s):
        try:
            with frozen(live, lock_wait_s) as (connection, pages):
                found = _compress_and_read(live, connection, pages, target)
        except NotFrozen:
            target.unlink(missing_ok=True)
            with _copied_by_sqlite(live, folder) as (connection, pages):
                found = _compress_and_read(live, connection, pages, target)
    return Dumped(target, versions(place), pages.size * pages.count, found)


def read_through(place: Place, file: Path, database_bytes: int) -> None:  # noqa: ARG001
    for _ in decompressed(file, database_bytes):
        pass


def decompressed(file: Path, database_bytes: int) -> Iterator[bytes]:
    """The database's bytes. Raises Refused unless there are exactly `database_bytes`, and zstd's checksum fits."""
    left = database_bytes
    try:
        with file.open("rb") as source:
            reader = zstandard.ZstdDecompressor(max_window_size=LARGEST_WINDOW).stream_reader(source)
            while chunk := reader.read(READ_AT_ONCE):
                left -= len(chunk)
                if left < 0:
                    break
                yield chunk
    except zstandard.ZstdError as error:
        raise _corrupt(file, str(error)) from None
    if left:
        raise _corrupt(file, f"it does not hold the {database_bytes} bytes that the manifest says")


def _compress_and_read(live: Path, connection: sqlite3.Connection, pages: Pages, target: Path) -> Contents:
    """Two cores: one compresses while the other counts and fingerprints the same moment."""
    stop = threading.Event()
    with explained(live), ThreadPoolExecutor(1) as beside:
        compressing = beside.submit(_compress, pages, target, stop)
        try:
            found = contents_of(connection, pages)
            compressing.result()
        except BaseException:
            stop.set()
            raise
    return found


def _compress(pages: Pages, target: Path, stop: threading.Event) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)  # whatever the umask took away
        compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True, threads=THREADS)
        with compressor.stream_writer(file, size=pages.size * pages.count, closefd=False) as writer:
            for chunk in pages.stream():
                if stop.is_set():
                    return
                writer.write(chunk)
        file.flush()
        os.fsync(descriptor)


@contextmanager
def _copied_by_sqlite(live: Path, folder: Path) -> Iterator[tuple[sqlite3.Connection, Pages]]:
    """The slow way, for a database that is not in WAL mode: all pages in one step, which stops writers."""
    copy = folder / "app.db"
    try:
        with connected(live) as source, explained(live), closing(sqlite3.connect(copy)) as target:
            copy.chmod(0o600)
            source.backup(target)
        with pages_of(copy) as found:
            yield found
    finally:
        copy.unlink(missing_ok=True)


def _corrupt(file: Path, why: str) -> OpsctlError:
    return Refused(f"{file} is damaged: {why}", cause="backup.corrupt", hint="opsctl db verify --all")
