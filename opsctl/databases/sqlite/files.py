"""The files of one SQLite database: the lock beside it, who has them open, connections that explain themselves."""

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from opsctl.databases import Place
from opsctl.errors import Busy, NotReady, OpsctlError

LOCK_POLL_S = 0.001


def file_of(place: Place) -> Path:
    assert place.file  # a place of kind sqlite has one
    return place.file


def require_file(place: Place) -> Path:
    """Raises NotReady when there is no database: SQLite would make an empty one."""
    file = file_of(place)
    if not file.is_file():
        raise NotReady(f"there is no database in {file}", cause="db.missing", hint="opsctl up")
    return file


@contextmanager
def shared(file: Path, wait_s: float = 10) -> Iterator[None]:
    """Nobody swaps the file while the block runs. Raises Busy when somebody is at it for longer than `wait_s`."""
    with _locked(file, fcntl.LOCK_SH, wait_s):
        yield


@contextmanager
def exclusively(file: Path, wait_s: float) -> Iterator[None]:
    """No process that keeps the protocol has the file open in the block. Raises Busy after `wait_s`."""
    with _locked(file, fcntl.LOCK_EX, wait_s):
        yield


@contextmanager
def connected(file: Path, *, wait_s: float = 10, alone: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection to a file that is there; SQLite's errors leave as ours.

    `alone`: the file is ours and nobody writes it, so that it is read without making a -wal and a -shm.
    """
    how = "mode=ro&immutable=1" if alone else "mode=rw"
    with explained(file):
        opened = sqlite3.connect(
            f"{file.absolute().as_uri()}?{how}", uri=True, timeout=wait_s, isolation_level=None, check_same_thread=False
        )
        with closing(opened) as connection:
            yield connection


@contextmanager
def explained(file: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _failure(file, str(error)) from None


def holders(file: Path) -> tuple[int, ...]:
    """Processes (but ourselves) that have the file open, as far as we may look."""
    try:
        wanted = file.stat()
    except FileNotFoundError:
        return ()
    return tuple(sorted({pid for pid, descriptor in _descriptors() if _is_open(descriptor, wanted)}))


def hint_at_holders(file: Path) -> str:
    found = holders(file)
    return f"wait for pid {', '.join(map(str, found))}, or end it" if found else "try again in a moment"


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _locked(file: Path, how: int, wait_s: float) -> Iterator[None]:
    lock = Path(f"{file}.lock")
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + wait_s
        while not _try(descriptor, how):
            if time.monotonic() > deadline:
                raise Busy(
                    f"{file} was in use for longer than {wait_s:g} seconds", cause="db.busy", hint=hint_at_holders(lock)
                )
            time.sleep(LOCK_POLL_S)
        yield
    finally:
        os.close(descriptor)


def _try(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _descriptors() -> Iterator[tuple[int, Path]]:
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) == os.getpid():
            continue
        try:
            for descriptor in (process / "fd").iterdir():
                yield int(process.name), descriptor
        except OSError:  # ended meanwhile, or somebody else's
            continue


def _is_open(descriptor: Path, wanted: os.stat_result) -> bool:
    try:
        found = descriptor.stat()
    except OSError:  # closed meanwhile
        return False
    return (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino)


def _failure(file: Path, said: str) -> OpsctlError:
    if "locked" in said or "busy" in said:
        return OpsctlError(f"{file} is locked: {said}", cause="db.locked", hint=hint_at_holders(file))
    if "malformed" in said or "not a database" in said or "corrupt" in said:
        return OpsctlError(f"{file} is damaged: {said}", cause="db.corrupt", hint="opsctl db restore latest")
    if "full" in said or "disk I/O" in said:
        return OpsctlError(f"{file}: {said}", cause="disk.full", hint="df -h")
    if "unable to open" in said or "readonly" in said:
        return NotReady(f"{file} cannot be opened: {said}", cause="db.unreachable", hint=f"ls -l {file}")
    return OpsctlError(f"{file}: {said}", cause="db.failed", hint="opsctl doctor")
