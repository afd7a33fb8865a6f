"""Dump PostgreSQL with the server's own pg_dump, from the very snapshot whose rows are counted."""

import os
import re
from pathlib import Path

from opsctl.databases import Dumped, Place, Versions
from opsctl.databases.postgres.contents import Reading
from opsctl.databases.postgres.psql import connection, query, run, seen_by_programs, session, words
from opsctl.errors import NotReady, OpsctlError, Refused

DATA_FILE = "app.dump"
ZSTD_SINCE = 16  # the first pg_dump with --compress=METHOD
SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT to_json(pg_export_snapshot());"
SERVER_VERSION = "SELECT to_json(current_setting('server_version'));"
SIZE = "SELECT pg_database_size(current_database());"
SNAPSHOT_TIMEOUT_S = 30
VERSION_TIMEOUT_S = 60
# Who holds the tables that a dump waits for.
BLOCKERS = """
SELECT json_agg(DISTINCT json_build_array(l.pid, coalesce(a.application_name, ''),
                                          extract(epoch FROM now() - a.xact_start)::int)::jsonb)
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.mode = 'AccessExclusiveLock' AND l.granted AND l.locktype = 'relation' AND l.pid <> pg_backend_pid();
"""


def versions(place: Place) -> Versions:
    return _fitting(place, query(place, SERVER_VERSION))


def tool_version(place: Place, program: str) -> str:
    return _number(run(place, words(place, program, "--version"), timeout_s=VERSION_TIMEOUT_S, quiet=True))


def size_bytes(place: Place) -> int:
    return int(query(place, SIZE))


def dump(place: Place, folder: Path, *, timeout_s: float, lock_wait_s: float) -> Dumped:
    """One session holds the snapshot and counts in it, while pg_dump reads the same snapshot beside it."""
    with session(place) as holder:
        holder.send(SNAPSHOT + SERVER_VERSION + SIZE)
        snapshot, server, size = (holder.receive(SNAPSHOT_TIMEOUT_S) for _ in range(3))
        found = _fitting(place, server)
        file = _new_file(folder)
        counting = Reading(holder, timeout_s=timeout_s)
        try:
            _run_pg_dump(place, file, snapshot, major(found.tool), timeout_s=timeout_s, lock_wait_s=lock_wait_s)
        except OpsctlError as error:
            raise holder.why_it_ended() or error from None  # the snapshot goes with the session that holds it
        contents = counting.result()
    with file.open("rb") as written:
        os.fsync(written.fileno())
    return Dumped(file, found, int(size), contents)


def read_through(place: Place, file: Path, database_bytes: int) -> None:
    """Decompress every block: what a truncated or damaged archive never survives."""
    argv = words(place, "pg_restore", "-f", "/dev/null", seen_by_programs(place, file), run_as=file.parent)
    try:
        run(place, argv, timeout_s=max(600, database_bytes / 2**20))
    except NotReady:
        raise
    except OpsctlError as error:
        raise Refused(
            f"{file} cannot be read to its end: {error}", cause="backup.corrupt", hint="opsctl db backups"
        ) from None


def major(version: str) -> int:
    return int(version.partition(".")[0])


def _fitting(place: Place, server: str) -> Versions:
    found = Versions(engine=_number(server), tool=tool_version(place, "pg_dump"))
    if major(found.tool) < major(found.engine):
        raise NotReady(
            f"pg_dump {found.tool} cannot dump a PostgreSQL {found.engine} server",
            cause="tool.version",
            hint=f"apt install postgresql-client-{major(found.engine)}",
        )
    return found


def _new_file(folder: Path) -> Path:
    """Made by us, so that it is new and closed to others; pg_dump may run as the folder's owner and must open it."""
    file, owner = folder / DATA_FILE, folder.stat()
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        os.fchmod(descriptor, 0o600)  # whatever the umask took away
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    finally:
        os.close(descriptor)
    return file


def _run_pg_dump(
    place: Place, file: Path, snapshot: str, tool_major: int, *, timeout_s: float, lock_wait_s: float
) -> None:
    compression = "zstd:1" if tool_major >= ZSTD_SINCE else "1"
    argv = _pg_dump_argv(place, file, snapshot, compression, lock_wait_s)
    try:
        run(place, argv, timeout_s=timeout_s)
    except OpsctlError as error:
        if "does not support compression" in str(error):  # a client that was built without zstd
            run(place, _pg_dump_argv(place, file, snapshot, "gzip:1", lock_wait_s), timeout_s=timeout_s)
            return
        if error.cause == "db.locked":
            error.hint = _who_holds(place) or error.hint
        raise


def _pg_dump_argv(place: Place, file: Path, snapshot: str, compression: str, lock_wait_s: float) -> tuple[str, ...]:
    return words(
        place,
        "pg_dump",
        "--format=custom",
        f"--compress={compression}",
        f"--snapshot={snapshot}",
        f"--lock-wait-timeout={round(lock_wait_s * 1000)}",
        "--no-password",
        "--no-sync",  # we sync the file ourselves, once, before the folder is published
        f"--file={seen_by_programs(place, file)}",
        f"--dbname={connection(place)}",
        run_as=file.parent,
    )


def _who_holds(place: Place) -> str:
    holders = query(place, BLOCKERS) or []
    said = [f"pid {pid} ({name or 'no name'}, {seconds or 0} s)" for pid, name, seconds in holders]
    return f"a table is held by {', '.join(said)}; wait for it, or end it" if said else ""


def _number(said: str) -> str:
    """`pg_dump (PostgreSQL) 17.5 (Debian …)` and `17.5 (Debian …)` → 17.5"""
    found = re.search(r"\d+(\.\d+)*", said.partition(")")[2] if said.startswith("pg_") else said)
    if not found:
        raise OpsctlError(f"a version was expected, not {said.strip()!r}", cause="tool.version", hint="opsctl doctor")
    return found[0]
