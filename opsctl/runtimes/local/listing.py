"""The parts of the one process, as the status screen shows them."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import psutil

from opsctl import readiness
from opsctl.runtimes import APP_SERVICES, Change, Service
from opsctl.runtimes.local import record
from opsctl.runtimes.local.surroundings import REQUIREMENTS, address_of, changes_since
from opsctl.settings import Settings

START_TAKES_S = 30  # a process that does not answer for longer is sick, not starting
ASK_TIMEOUT_S = 2
NOT_RUNNING, NOT_RECORDED = "not running", "not known (its record is lost)"
_HEALTH = {"ok": "healthy", "failed": "unhealthy", "starting": "starting", "disabled": "disabled"}


def services(settings: Settings) -> tuple[Service, ...]:
    """What each part says about itself comes from /ready."""
    running = record.process_of(settings)
    if running is None:
        return _stopped(record.read(settings))
    known = record_of(running, settings)
    url = known.url if known else address_of(settings).url
    answer = readiness.ask(url, timeout_s=ASK_TIMEOUT_S)
    changed = ", ".join(changes(known, settings))
    started_at = datetime.fromtimestamp(known.started_at if known else _created(running), UTC)
    found = []
    for name in APP_SERVICES:
        health, detail = _health(name, running, answer)
        found.append(
            Service(
                name=name,
                state="running",
                health=health,
                url=url if name == "api" else None,
                detail=detail,
                started_at=started_at,
                memory_bytes=_memory(running) if name == "api" else None,  # one process: counted once
                stale=changed,
            )
        )
    return tuple(found)


def stale(settings: Settings, names: Sequence[str] = ()) -> tuple[Change, ...]:
    """The same for every part, as they are one process."""
    running = record.process_of(settings)
    reasons: tuple[str, ...] = (NOT_RUNNING,)
    action = "none"
    if running:
        reasons = changes(record_of(running, settings), settings)
        action = "rebuild" if REQUIREMENTS in reasons else "restart" if reasons else "none"
    return tuple(Change(name, reasons, action) for name in APP_SERVICES if not names or name in names)


def record_of(running: psutil.Process, settings: Settings) -> record.Record | None:
    """What is known of this process; None when the record is lost or tells of another one."""
    kept = record.read(settings)
    return kept if kept and kept.pid == running.pid else None


def changes(known: record.Record | None, settings: Settings) -> tuple[str, ...]:
    return changes_since(known, settings) if known else (NOT_RECORDED,)


def _stopped(kept: record.Record | None) -> tuple[Service, ...]:
    if kept is None:
        return tuple(Service(name, "stopped", "unknown") for name in APP_SERVICES)
    detail = f"ended without being stopped (it was pid {kept.pid})"
    return tuple(Service(name, "stopped", "unhealthy", detail=detail) for name in APP_SERVICES)


def _health(name: str, running: psutil.Process, answer: readiness.Readiness | None) -> tuple[str, str]:
    if answer is None:
        starting = time.time() - _created(running) < START_TAKES_S
        return ("starting", "does not answer yet") if starting else ("unhealthy", "does not answer at /ready")
    if name == "api":
        database = answer.parts.get("database")
        sick = database and database.status == "failed"
        return ("unhealthy", f"database: {database.detail}") if database and sick else ("healthy", "")
    part = answer.parts.get(name)
    return (_HEALTH.get(part.status, "unknown"), part.detail) if part else ("unknown", "/ready does not name it")


def _created(running: psutil.Process) -> float:
    try:
        return running.create_time()
    except psutil.Error:
        return 0.0


def _memory(running: psutil.Process) -> int | None:
    try:
        return int(running.memory_info().rss)
    except psutil.Error:
        return None
