"""Run Alembic to the head and look the outcome up; who holds a table is waited for outside the transaction."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from opsctl import console, schema
from opsctl.databases import Place, asking
from opsctl.databases.asking import Question
from opsctl.errors import OpsctlError
from opsctl.process import ProgramFailed
from opsctl.runtimes import Runtime
from opsctl.schema import Step
from opsctl.settings import Settings
from opsctl.tools import alembic

PAUSE_S = 1.0  # before the second try; each further pause is as long again
TIMEOUT_S = 3600
_OLDEST = Question(
    "pg_stat_activity",
    "SELECT pid, state, coalesce(nullif(application_name, ''), usename) AS who,"
    " round(extract(epoch FROM now() - xact_start))::int AS seconds FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
    " AND backend_type = 'client backend' ORDER BY xact_start LIMIT 1",
)
_LOCKED = re.compile(r"lock timeout|LockNotAvailable|database (table )?is locked|deadlock detected", re.IGNORECASE)
_ERROR_LINE = re.compile(r"^(?:[\w.]+\.)?\w*(?:Error|Exception|Exit|Interrupt|Timeout|Violation)\w*: (?P<text>.+)$")


@dataclass(frozen=True)
class Upgraded:
    revision: str | None
    attempts: int


def upgrade_to_head(settings: Settings, runtime: Runtime, place: Place, pending: Sequence[Step]) -> Upgraded:
    """Raises OpsctlError (`migrate.failed`, `migrate.locked`) with the old schema in place, checked."""
    words = ("-x", f"lock_timeout_ms={settings.migrate.lock_timeout_ms}", "upgrade", "head")
    attempts = max(1, settings.migrate.attempts)
    for attempt in range(1, attempts + 1):
        console.progress(f"migrating {place.where} to {pending[-1].revision}")
        try:
            runtime.alembic(settings, words, timeout_s=TIMEOUT_S)
        except ProgramFailed as failure:
            if is_at(place, pending):
                console.warning(
                    "Alembic failed after the database had committed; the outcome was checked: it is at head"
                )
                return Upgraded(pending[-1].revision, attempt)
            if not _LOCKED.search(failure.stderr):
                raise failed(settings, pending, failure) from None
            if attempt < attempts:
                console.warning(f"a table is held by somebody: try {attempt} of {attempts}")
                time.sleep(PAUSE_S * attempt)
            continue
        return Upgraded(checked(place, pending), attempt)
    raise OpsctlError(
        f"a table stayed locked through {attempts} tries of {settings.migrate.lock_timeout_ms} ms; "
        f"the old schema is there{oldest_transaction(place)}",
        cause="migrate.locked",
        hint="wait for the long query, or end it, then type the same again",
    )


def oldest_transaction(place: Place) -> str:
    """Who most likely holds the table, in words; empty when nobody can tell."""
    try:
        rows = asking.ask(place, {"oldest": _OLDEST})["oldest"] if place.kind == "postgresql" else None
    except OpsctlError:
        return ""
    return "".join(
        f"; pid {row['pid']} ({row['who']}, {row['state']}) has been in a transaction for {row['seconds']} s"
        for row in rows or ()
    )


def is_at(place: Place, pending: Sequence[Step]) -> bool:
    """Whether the database holds the last of the pending revisions; False when it does not answer."""
    try:
        return schema.revisions_in(place) == [pending[-1].revision]
    except OpsctlError:
        return False


def checked(place: Place, pending: Sequence[Step]) -> str:
    """What the database says after Alembic said yes."""
    found = schema.revisions_in(place)
    if found != [pending[-1].revision]:
        raise OpsctlError(
            f"Alembic ended well, but the database is at {', '.join(found) or 'nothing'}: "
            "what runs has other migrations than this folder",
            cause="migrate.stale_code",
            hint="opsctl rebuild",
        )
    return found[0]


def failed(settings: Settings, pending: Sequence[Step], failure: ProgramFailed) -> OpsctlError:
    revision = revision_in(failure.stderr, settings, pending)
    return OpsctlError(
        f"migration {revision} failed: {reason_in(failure.stderr)}; the old schema is there",
        cause="migrate.failed",
        hint="mend the migration, then opsctl migrate upgrade",
    )


def revision_in(stderr: str, settings: Settings, pending: Sequence[Step]) -> str:
    """The revision whose file is the last one in the traceback; the first pending one when none is named."""
    files = {one.file.name: one.id for one in alembic.revisions(settings.project)}
    named = re.findall(r'versions/([^/"]+\.py)"', stderr)
    return next((files[name] for name in reversed(named) if name in files), pending[0].revision)


def reason_in(stderr: str) -> str:
    """One line that says why, out of a traceback or whatever else Alembic said last."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    said = [found["text"] for line in lines if (found := _ERROR_LINE.match(line))]
    return (said or lines or ["Alembic said nothing"])[-1]
