"""Load a dump into a database beside the live one, and make it the live one."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from opsctl.databases import Place
from opsctl.databases.postgres.dumping import major, tool_version
from opsctl.databases.postgres.psql import (
    APPLICATION,
    MAINTENANCE_DATABASE,
    connection,
    identifier,
    literal,
    query,
    run,
    script,
    seen_by_programs,
    words,
)
from opsctl.errors import NotReady, OpsctlError, Refused

LOAD_JOBS = 2
NAME_LONGEST = 30  # of the live name inside a kept one; PostgreSQL cuts names at 63 bytes
ROOM_TIMEOUT_S = 30
TERMINATE_WAIT_MS = 2000
LOOK_EVERY_MS = 5
LATE_CONNECTIONS_S = 0.03
LOCAL_HOSTS = ("", "localhost", "127.0.0.1", "::1")


def exists(place: Place) -> bool:
    return bool(_maintenance(place, f"SELECT to_json(EXISTS {_database_row(place.name)});"))


def require_room(place: Place, engine: str, database_bytes: int) -> None:
    server = str(query(place, "SELECT to_json(current_setting('server_version'));", database=MAINTENANCE_DATABASE))
    tool = tool_version(place, "pg_restore")
    for what, version in (("the server is", server), ("pg_restore is", tool)):
        if major(version) < major(engine):
            raise NotReady(
                f"the backup comes from PostgreSQL {engine}, {what} {version.split()[0]}",
                cause="tool.version",
                hint=f"run PostgreSQL {major(engine)} or newer",
            )
    free = _free_bytes(place)
    if free is not None and free < database_bytes:
        raise NotReady(
            f"loading beside the live database needs {_mib(database_bytes)}, {_mib(free)} are free on {place.where}",
            cause="disk.full",
            hint="df -h",
        )


def load_beside(place: Place, file: Path, database_bytes: int, *, timeout_s: float) -> str:  # noqa: ARG001
    fresh = scratch_name(place)
    _maintenance(place, f"CREATE DATABASE {identifier(fresh)} TEMPLATE template0 {_like_the_live_one(place)};")
    argv = words(
        place,
        "pg_restore",
        "--exit-on-error",
        "--no-owner",
        "--no-password",
        f"--jobs={LOAD_JOBS}",
        f"--dbname={connection(place, fresh)}",
        seen_by_programs(place, file),
        run_as=file.parent,
    )
    try:
        run(place, argv, timeout_s=timeout_s)
        script(place, "ANALYZE;", database=fresh, timeout_s=timeout_s)
    except OpsctlError as error:
        with suppress(OpsctlError):  # the next run drops it; what failed first is what must be told
            drop(place, fresh)
        if error.cause == "db.failed":
            raise Refused(str(error), cause="restore.refused", hint="nothing was changed; opsctl db backups") from None
        raise
    return fresh


def swap(place: Place, database: str, *, wait_s: float) -> tuple[str | None, float]:
    """Two renames in one transaction; nobody can connect to the old database from just before until it is over."""
    if not exists(place):
        _maintenance(place, f"ALTER DATABASE {identifier(database)} RENAME TO {identifier(place.name)};")
        return None, 0.0
    keep_as = kept_name(place, datetime.now(UTC))
    try:
        started, ended = _maintenance(place, swap_sql(place.name, database, keep_as), timeout_s=wait_s + 30)
    except BaseException:
        with suppress(OpsctlError):
            open_again(place)
        raise
    return keep_as, round(ended - started, 3)


def swap_sql(live: str, fresh: str, keep_as: str) -> str:
    """The steps, between two looks at the server's clock: one row, when it began and when it ended."""
    began = "SELECT extract(epoch FROM clock_timestamp()) AS began \\gset"
    ended = "SELECT json_build_array(:began, extract(epoch FROM clock_timestamp()));"
    return "\n".join((began, *swap_steps(live, fresh, keep_as), ended))


def swap_steps(live: str, fresh: str, keep_as: str) -> tuple[str, ...]:
    """Statements of their own; up to the COMMIT the old database keeps its name, whichever is the last to be run."""
    end_sessions = end_sessions_sql(live, fresh)
    return (
        f"ALTER DATABASE {identifier(live)} ALLOW_CONNECTIONS false;",
        end_sessions,
        f"DO $$ BEGIN PERFORM pg_sleep({LATE_CONNECTIONS_S}); END $$;",
        end_sessions,  # of those who were half-way through connecting, and are seen only now
        "BEGIN;",
        f"ALTER DATABASE {identifier(live)} RENAME TO {identifier(keep_as)};",
        f"ALTER DATABASE {identifier(fresh)} RENAME TO {identifier(live)};",
        f"ALTER DATABASE {identifier(keep_as)} ALLOW_CONNECTIONS true;",
        "COMMIT;",
    )


def end_sessions_sql(*databases: str) -> str:
    """End every session of the databases, and wait until they are gone.

    pg_terminate_backend's own wait looks every 100 ms and takes one session after the other: with a pool of
    connections the second that a swap may take was gone (0.64 s with the service connected, 0.1 s this way).
    """
    ours = f"datname IN ({', '.join(map(literal, databases))}) AND pid <> pg_backend_pid()"
    return f"""DO $$ BEGIN
  PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours};
  FOR look IN 1..{TERMINATE_WAIT_MS // LOOK_EVERY_MS} LOOP
    PERFORM pg_stat_clear_snapshot();
    EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE {ours});
    PERFORM pg_sleep({LOOK_EVERY_MS / 1000});
  END LOOP;
END $$;"""


def drop(place: Place, database: str) -> None:
    _maintenance(place, f"DROP DATABASE IF EXISTS {identifier(database)} WITH (FORCE);")


def previous(place: Place) -> tuple[str, ...]:
    names = _maintenance(place, "SELECT coalesce(json_agg(datname), '[]') FROM pg_database;")
    kept = re.compile(re.escape(f"{place.name[:NAME_LONGEST]}_before_") + r"(\d{4,})_\d{14}")
    found = [(int(match[1]), name) for name in names if (match := kept.fullmatch(name))]
    return tuple(name for _, name in sorted(found, reverse=True))


def clean_up(place: Place) -> tuple[str, ...]:
    ended, is_closed, is_left = _maintenance(place, _left_behind_sql(place))
    done = []
    if ended:
        done.append(f"ended {ended} database session(s) of a run that was killed")
    if is_closed and open_again(place):
        done.append(f"opened {place.name} again: a swap was interrupted, the old database is live")
    if is_left:
        drop(place, scratch_name(place))
        done.append("dropped a half-loaded database of a restore that was interrupted")
    return tuple(done)


def open_again(place: Place) -> bool:
    """Allow connections to the live database if an interrupted swap left it closed; whether it was."""
    closed = _maintenance(
        place,
        f"SELECT to_json(EXISTS (SELECT FROM pg_database WHERE datname = {literal(place.name)} AND NOT datallowconn));",  # noqa: S608
    )
    if closed:
        _maintenance(place, f"ALTER DATABASE {identifier(place.name)} ALLOW_CONNECTIONS true;")
    return bool(closed)


def scratch_name(place: Place) -> str:
    return f"{place.name[:NAME_LONGEST]}_restoring"


def kept_name(place: Place, now: datetime) -> str:
    """The number keeps the order when the clock does not."""
    latest = previous(place)
    number = int(latest[0].split("_")[-2]) + 1 if latest else 1
    return f"{place.name[:NAME_LONGEST]}_before_{number:04}_{now:%Y%m%d%H%M%S}"


def _left_behind_sql(place: Place) -> str:
    """Ends sessions of an earlier run: how many; then whether the live database is closed, whether a load is left."""
    live, scratch = literal(place.name), literal(scratch_name(place))
    ours = f"application_name = {literal(APPLICATION)} AND pid <> pg_backend_pid() AND datname IN ({live}, {scratch})"
    return f"""SELECT json_build_array(
  (SELECT count(pg_terminate_backend(pid, {TERMINATE_WAIT_MS})) FROM pg_stat_activity WHERE {ours}),
  EXISTS (SELECT FROM pg_database WHERE datname = {live} AND NOT datallowconn),
  EXISTS (SELECT FROM pg_database WHERE datname = {scratch}));"""  # noqa: S608


def _like_the_live_one(place: Place) -> str:
    """The live database's encoding and sort order, so that indexes and ORDER BY mean the same."""
    live = _maintenance(
        place,
        "SELECT json_build_array(pg_encoding_to_char(encoding), datcollate, datctype) "  # noqa: S608
        f"FROM pg_database WHERE datname = {literal(place.name)};",
    )
    if not live:
        return ""
    encoding, collate, ctype = map(literal, live)
    return f"ENCODING {encoding} LC_COLLATE {collate} LC_CTYPE {ctype}"


def _free_bytes(place: Place) -> int | None:
    """Free space where the server keeps its data; None when that cannot be known from here."""
    if not place.prefix and place.host not in LOCAL_HOSTS and not place.host.startswith("/"):
        return None
    folder = query(place, "SELECT to_json(current_setting('data_directory'));", database=MAINTENANCE_DATABASE)
    try:
        shown = run(place, words(place, "df", "-Pk", str(PurePosixPath(folder))), timeout_s=ROOM_TIMEOUT_S, quiet=True)
    except OpsctlError:
        return None
    return int(shown.splitlines()[-1].split()[3]) * 1024


def _maintenance(place: Place, sql: str, *, timeout_s: float = 60) -> Any:
    return query(place, sql, database=MAINTENANCE_DATABASE, timeout_s=timeout_s)


def _database_row(name: str) -> str:
    return f"(SELECT FROM pg_database WHERE datname = {literal(name)})"


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / 2**20:,.0f} MiB"
