"""One screen of truth: what runs, which database, the last backup, what is wrong and what to type about it."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from opsctl import backups, readiness
from opsctl.backups import catalogue
from opsctl.databases import Place, state
from opsctl.errors import OpsctlError
from opsctl.readiness import Job
from opsctl.runtimes import Runtime, Service
from opsctl.settings import Settings
from opsctl.tools import alembic

ASK_TIMEOUT_S = 2


@dataclass(frozen=True)
class Database:
    engine: str  # postgresql or sqlite
    name: str
    version: str = ""
    revision: str | None = None
    head: str | None = None
    pending: int | None = None  # migrations that wait; None: not known
    size_bytes: int | None = None


@dataclass(frozen=True)
class LastBackup:
    id: str
    at: datetime
    bytes: int


@dataclass(frozen=True)
class Disk:
    free_bytes: int
    free_percent: int


@dataclass(frozen=True)
class Finding:
    """A line about something that is wrong, or worth a look, and the next thing to type."""

    what: str
    command: str


@dataclass(frozen=True)
class Overview:
    runtime: str
    environment: str
    healthy: bool  # no problem was found
    services: tuple[Service, ...]
    database: Database | None
    last_backup: LastBackup | None
    outbox_waiting: int | None
    jobs: Mapping[str, Job]
    disk: Disk
    problems: tuple[Finding, ...]
    notices: tuple[Finding, ...]  # nothing is broken, but the operator would want to know


def read(runtime: Runtime, settings: Settings) -> Overview:
    """Look at everything. What cannot be looked at becomes a problem on the screen, not an error."""
    problems: list[Finding] = []
    services = _services(runtime, settings, problems)
    database, outbox_waiting = _database(runtime, settings, problems)
    last_backup = _last_backup(settings, problems)
    disk = _disk(settings)
    return Overview(
        runtime=runtime.NAME,
        environment=settings.environment,
        healthy=not problems,
        services=services,
        database=database,
        last_backup=last_backup,
        outbox_waiting=outbox_waiting,
        jobs=_jobs(services),
        disk=disk,
        problems=tuple(problems),
        notices=tuple(_notices(settings, services, database, last_backup, disk)),
    )


def _services(runtime: Runtime, settings: Settings, problems: list[Finding]) -> tuple[Service, ...]:
    try:
        services = runtime.services(settings)
    except OpsctlError as error:
        problems.append(_finding(error))
        return ()
    down = [one.name for one in services if not one.is_up and not one.is_well]
    if len(down) == len(services):
        why = next((one.detail for one in services if one.detail), "")
        problems.append(Finding(f"nothing is running{f': {why}' if why else ''}", "opsctl up"))
    elif down:
        problems.append(Finding(f"not running: {', '.join(down)}", "opsctl up"))
    for one in services:
        if one.is_up and not one.is_well:
            detail = f": {one.detail}" if one.detail else ""
            problems.append(Finding(f"{one.name} is {one.health}{detail}", f"opsctl logs tail {one.name}"))
    return services


def _database(runtime: Runtime, settings: Settings, problems: list[Finding]) -> tuple[Database | None, int | None]:
    place: Place | None = None
    found: state.State | None = None
    try:
        place = runtime.database(settings)
        found = state.read(place)
    except OpsctlError as error:
        problems.append(_finding(error))
    head, pending = None, None
    try:
        head = alembic.head(settings.project)
        pending = len(alembic.pending(settings.project, found.revision)) if found else None
    except OpsctlError as error:
        problems.append(_finding(error))
    if place is None:
        return None, None
    if pending and found and found.revision is None and catalogue.existing(settings.backup_dir):
        problems.append(Finding("the database is empty, but there are backups", "opsctl db restore latest"))
    elif pending:
        problems.append(Finding(f"the database lacks {_count(pending, 'migration')}", "opsctl migrate upgrade"))
    return (
        Database(
            engine=place.kind,
            name=place.name,
            version=found.version if found else "",
            revision=found.revision if found else None,
            head=head,
            pending=pending,
            size_bytes=found.size_bytes if found else None,
        ),
        found.outbox_waiting if found else None,
    )


def _finding(error: OpsctlError) -> Finding:
    return Finding(str(error).splitlines()[0], error.hint)


def _jobs(services: tuple[Service, ...]) -> Mapping[str, Job]:
    url = next((one.url for one in services if one.url and one.is_up), None)
    answer = readiness.ask(url, timeout_s=ASK_TIMEOUT_S) if url else None
    return answer.jobs if answer else {}


def _last_backup(settings: Settings, problems: list[Finding]) -> LastBackup | None:
    try:
        newest = backups.newest(settings)
    except OpsctlError as error:
        problems.append(_finding(error))
        return None
    if newest is None or newest.manifest is None:
        return None
    return LastBackup(id=newest.id, at=newest.manifest.started_at, bytes=newest.manifest.bytes)


def _disk(settings: Settings) -> Disk:
    usage = shutil.disk_usage(settings.project)
    return Disk(free_bytes=usage.free, free_percent=round(100 * usage.free / usage.total))


def _notices(
    settings: Settings,
    services: tuple[Service, ...],
    database: Database | None,
    last_backup: LastBackup | None,
    disk: Disk,
) -> Iterator[Finding]:
    for one in services:
        if one.health == "disabled" and not one.stale:
            yield Finding(f"{one.name} is off: {one.detail}", _switch_on(one.name, settings))
    for changed in dict.fromkeys(one.stale for one in services if one.stale):
        names = ", ".join(one.name for one in services if one.stale == changed)
        yield Finding(f"{names}: changed since the start: {changed}", "opsctl rebuild")
    if database and last_backup is None:
        yield Finding("there is no backup", "opsctl db backup")
    elif last_backup and age_s(last_backup) > settings.doctor.backup_max_age_h * 3600:
        yield Finding(f"the last backup is older than {settings.doctor.backup_max_age_h} h", "opsctl db backup")
    if settings.is_production and not settings.values.get("TELEGRAM_ADMIN_IDS"):
        yield Finding("nobody is administrator in the chat", f"set TELEGRAM_ADMIN_IDS in {settings.env_file.name}")
    if disk.free_percent < settings.doctor.disk_free_percent:
        yield Finding(f"the disk has {disk.free_percent} % left", "opsctl doctor")


def _switch_on(name: str, settings: Settings) -> str:
    if name == "bot":
        return f"set TELEGRAM_BOT_TOKEN in {settings.env_file.name}, then: opsctl up"
    return "opsctl doctor"


def age_s(backup: LastBackup) -> float:
    return (datetime.now(UTC) - backup.at).total_seconds()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
