"""Unpack a copy beside the live file, and put it in its place."""

import os
import re
import shutil
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from opsctl.databases import Contents, Place
from opsctl.databases.sqlite.dumping import decompressed
from opsctl.databases.sqlite.files import (
    connected,
    exclusively,
    explained,
    file_of,
    hint_at_holders,
    require_file,
    shared,
    sync_folder,
)
from opsctl.databases.sqlite.pages import pages_of
from opsctl.databases.sqlite.tables import contents_of, rows_of
from opsctl.errors import Busy, NotReady, OpsctlError, Refused

ROOM_TO_SPARE = 16 * 2**20


def rows(place: Place, database: str | None = None) -> dict[str, int]:
    if database is None:
        file = require_file(place)
        with shared(file), connected(file) as connection:
            return rows_of(connection)
    with connected(beside(place, database), alone=True) as connection:
        return rows_of(connection)


def require_room(place: Place, engine: str, database_bytes: int) -> None:  # noqa: ARG001  # one file format for ever
    file = file_of(place)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    free = shutil.disk_usage(file.parent).free
    if free < database_bytes + ROOM_TO_SPARE:
        raise NotReady(
            f"unpacking beside {file} needs {database_bytes} bytes, {free} are free",
            cause="disk.full",
            hint=f"df -h {file.parent}",
        )


def load_beside(place: Place, file: Path, database_bytes: int, *, timeout_s: float) -> str:  # noqa: ARG001
    fresh = beside(place, f"{file_of(place).name}.restoring")
    try:
        _unpack(file, fresh, database_bytes, like=file_of(place))
        with explained(fresh), connected(fresh, alone=True) as connection:
            said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if said != "ok":
            raise Refused(
                f"the database in {file} is damaged: {said}", cause="backup.corrupt", hint="opsctl db backups"
            )
    except BaseException:
        drop(place, fresh.name)
        raise
    return fresh.name


def contents(place: Place, database: str) -> Contents:
    with pages_of(beside(place, database)) as (connection, pages), explained(beside(place, database)):
        return contents_of(connection, pages)


def swap(place: Place, database: str, *, wait_s: float) -> tuple[str | None, float]:
    """One rename over the live file, whose old content keeps another name; there is a whole database at any moment."""
    live, fresh = file_of(place), beside(place, database)
    _shorten_log(live)
    with exclusively(live, wait_s):
        started = time.monotonic()
        keep_as = _keep(place, live) if live.exists() else None
        for rest in ("-wal", "-shm"):  # of no use to the new file, and harmful
            Path(f"{live}{rest}").unlink(missing_ok=True)
        sync_folder(live.parent)
        fresh.replace(live)
        sync_folder(live.parent)
        return keep_as, round(time.monotonic() - started, 3)


def drop(place: Place, database: str) -> None:
    for rest in ("", "-wal", "-shm", "-journal"):
        beside(place, f"{database}{rest}").unlink(missing_ok=True)


def previous(place: Place) -> tuple[str, ...]:
    live = file_of(place)
    kept = re.compile(re.escape(live.name) + r"\.before-(\d{4,})-\d{14}")
    names = [entry.name for entry in live.parent.iterdir()] if live.parent.is_dir() else []
    found = [(int(match[1]), name) for name in names if (match := kept.fullmatch(name))]
    return tuple(name for _, name in sorted(found, reverse=True))


def clean_up(place: Place) -> tuple[str, ...]:
    done = []
    live = file_of(place)
    if beside(place, f"{live.name}.restoring").exists():
        drop(place, f"{live.name}.restoring")
        done.append("removed a half-unpacked database of a restore that was interrupted")
    for name in previous(place):
        kept = beside(place, name)
        if live.exists() and kept.samefile(live):  # killed after it got its second name, before the swap
            kept.unlink()
            done.append("a swap was interrupted: the old database is live")
    return tuple(done)


def beside(place: Place, database: str) -> Path:
    return file_of(place).with_name(database)


def _unpack(file: Path, fresh: Path, database_bytes: int, *, like: Path) -> None:
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        os.fchmod(descriptor, 0o600)
        if like.exists():  # whoever could use the old file can use the new one
            was = like.stat()
            os.fchown(descriptor, was.st_uid, was.st_gid)
            os.fchmod(descriptor, was.st_mode & 0o777)
        try:
            for chunk in decompressed(file, database_bytes):
                target.write(chunk)
            target.flush()
            os.fsync(descriptor)
        except OSError as error:
            raise OpsctlError(
                f"{fresh} cannot be written: {error.strerror}", cause="disk.full", hint=f"df -h {fresh.parent}"
            ) from None


def _shorten_log(live: Path) -> None:
    """Before anybody has to wait: what is left to fold in under the lock is then little."""
    if live.exists():
        with shared(live), closing(sqlite3.connect(live, isolation_level=None)) as connection:
            try:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            except sqlite3.Error:  # a damaged database is one reason for a restore
                return


def _keep(place: Place, live: Path) -> str:
    """Give the live file a second name, with all that its log holds."""
    latest = previous(place)
    number = int(latest[0].rsplit("-", 2)[1]) + 1 if latest else 1
    kept = beside(place, f"{live.name}.before-{number:04}-{datetime.now(UTC):%Y%m%d%H%M%S}")
    is_whole = _fold_log_in(live)
    if is_whole and Path(f"{live}-shm").exists():
        raise Busy(
            f"{live} is open in a program that does not take part in a swap",
            cause="db.busy",
            hint=hint_at_holders(live),
        )
    os.link(live, kept)
    if not is_whole and Path(f"{live}-wal").exists():
        Path(f"{live}-wal").replace(f"{kept}-wal")
    return kept.name


def _fold_log_in(live: Path) -> bool:
    """Whether the file alone is the whole database now; not so for one that SQLite cannot read."""
    with closing(sqlite3.connect(live, isolation_level=None)) as connection:
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.DatabaseError:
            return False
    return True
