"""Proof that rotation works: every log file against the limits, and against who really writes it."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from opsctl import console
from opsctl.logs import FILES, files, service_of, writers
from opsctl.logs.containers import ContainerLog
from opsctl.logs.files import Log
from opsctl.logs.writers import Writers
from opsctl.runtimes import Service
from opsctl.settings import Settings

OVER = 1.05  # a file passes its limit by one record at most
UNDER = 0.8  # a file rotates when the next record would not fit: it is nearly full then
ROTATION_TAKES_S = 0.3

Level = Literal["info", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    file: str
    level: Level
    message: str
    command: str


@dataclass(frozen=True)
class Rule:
    """When a file rotates, how many rotated ones stay, how long a living service may be silent."""

    max_bytes: int
    backups: int
    silent_after_s: int


@dataclass(frozen=True)
class Look:
    """Everything that was looked at, once."""

    folder: Path
    logs: tuple[Log, ...]
    writers: Writers
    services: tuple[Service, ...]
    containers: tuple[ContainerLog, ...]
    rule: Rule
    now: datetime


def rule_of(settings: Settings) -> Rule:
    """What the service was told (LOG_MAX_BYTES, LOG_BACKUP_COUNT), else what opsctl.toml says."""
    return Rule(
        max_bytes=_number(settings.values.get("LOG_MAX_BYTES"), settings.logs.max_bytes),
        backups=_number(settings.values.get("LOG_BACKUP_COUNT"), settings.logs.backups),
        silent_after_s=settings.logs.silent_after_s,
    )


def look(settings: Settings, services: Sequence[Service], containers: Sequence[ContainerLog]) -> Look:
    """Raises NotReady when there is no log folder and OpsctlError when it cannot be read."""
    folder = settings.logs_dir
    return Look(
        folder=folder,
        logs=files.find(folder),
        writers=writers.look(folder),
        services=tuple(services),
        containers=tuple(containers),
        rule=rule_of(settings),
        now=datetime.now(UTC),
    )


def findings(take_look: Callable[[], Look]) -> tuple[Look, list[Finding]]:
    """What is wrong, errors first. Gaps are looked at twice: in the middle of a rotation there is always one."""
    seen = take_look()
    if any(list(_numbering(log, seen.rule)) for log in seen.logs):
        time.sleep(ROTATION_TAKES_S)
        seen = take_look()
    return seen, sorted(_all(seen), key=lambda finding: (finding.level != "error", finding.level != "warning"))


def _all(seen: Look) -> Iterator[Finding]:
    for log in seen.logs:
        yield from _sizes(log, seen.rule)
        yield from _numbering(log, seen.rule)
        yield from _many_writers(log, seen.writers)
        yield from _permissions(log)
    for service in seen.services:
        yield from _silence(service, seen)
    yield from _deleted(seen)
    yield from _unlimited(seen.containers)


def _sizes(log: Log, rule: Rule) -> Iterator[Finding]:
    limit = console.size(rule.max_bytes)
    for file in log.files:
        if file.bytes > rule.max_bytes * OVER:
            message = f"{console.size(file.bytes)}, but it should have rotated at {limit}"
            yield Finding(str(file.path), "error", message, _restart(log.service))
    for _, file in log.rotated:
        if file.bytes < rule.max_bytes * UNDER:
            message = (
                f"rotated at {console.size(file.bytes)} though the limit is {limit}: "
                "two processes rotate it, or the limit was changed"
            )
            yield Finding(str(file.path), "warning", message, f"fuser -v {log.path}*")


def _numbering(log: Log, rule: Rule) -> Iterator[Finding]:
    numbers = [number for number, _file in log.rotated]
    missing = sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers))
    if missing:
        names = ", ".join(f"{log.path.name}.{number}" for number in missing)
        yield Finding(str(log.path), "warning", f"missing between the rotated files: {names}", f"ls -l {log.path}*")
    if log.current is None:
        yield Finding(str(log.path), "warning", "rotated files, but no current one", _restart(log.service))
    if too_old := [file.path.name for number, file in log.rotated if number > rule.backups]:
        message = f"{', '.join(too_old)}: only {rule.backups} rotated files are kept, nobody deletes these"
        yield Finding(str(log.path), "warning", message, f"ls -l {log.path}.*")


def _many_writers(log: Log, writers: Writers) -> Iterator[Finding]:
    pids = {one.pid: one.program for file in log.files for one in writers.of(file.identity)}
    if len(pids) > 1:
        who = "; ".join(f"pid {pid} {program}" for pid, program in sorted(pids.items()))
        message = f"{len(pids)} processes write it, so a rotation by one loses lines of the others: {who}"
        yield Finding(str(log.path), "error", message, _restart(log.service))


def _permissions(log: Log) -> Iterator[Finding]:
    for file in log.files:
        if not _can(file.path, reading=True):
            yield Finding(str(file.path), "warning", "this user may not read it", f"sudo chmod a+r {file.path}")
    if log.service in FILES and log.current and not _somebody_may_write(log.current.path):
        yield Finding(str(log.path), "error", "nobody may write it", f"chmod u+w {log.path}")


def _silence(service: Service, seen: Look) -> Iterator[Finding]:
    if service.name not in FILES or service.state != "running" or service.health == "disabled":
        return
    name = FILES[service.name]
    path = seen.folder / name
    log = next((log for log in seen.logs if log.path == path), None)
    if log is None or log.current is None:
        if not any(one.is_deleted and one.file_name == name for one in seen.writers.found):  # that is told elsewhere
            yield Finding(str(path), "error", f"{service.name} is up but has no log file", _restart(service.name))
        return
    if seen.writers.sees(log.current.owner) and not seen.writers.of(log.current.identity):
        message = f"{service.name} is up, but no process has this file open: its lines go elsewhere"
        yield Finding(str(path), "error", message, _restart(service.name))
        return
    quiet_s = seen.now.timestamp() - log.current.modified_at
    up_long_enough = service.started_at is None or seen.now - service.started_at > _seconds(seen.rule.silent_after_s)
    if quiet_s > seen.rule.silent_after_s and up_long_enough:
        message = f"no new line for {console.duration(quiet_s)} while {service.name} is up"
        # A quiet log of a service that proves its work elsewhere is a quiet day.
        level: Level = "info" if service.health == "healthy" else "warning"
        yield Finding(str(path), level, message, f"opsctl logs tail {service.name}")


def _deleted(seen: Look) -> Iterator[Finding]:
    for one in seen.writers.found:
        if one.is_deleted:
            message = (
                f"deleted, but pid {one.pid} ({one.program}) still writes it: "
                f"{console.size(one.bytes)} of disk that nobody can read"
            )
            yield Finding(str(seen.folder / one.file_name), "error", message, _restart(service_of(one.file_name)))


def _unlimited(containers: Iterable[ContainerLog]) -> Iterator[Finding]:
    for one in containers:
        if one.driver == "json-file" and not one.max_size:
            message = f"Docker keeps all output of {one.service} for ever: json-file without max-size"
            command = f"set logging.options.max-size for {one.service} in docker-compose.yml, then opsctl up"
            yield Finding(f"container {one.container}", "warning", message, command)


def _restart(service: str) -> str:
    return f"opsctl restart {service}" if service in FILES else f"look at what writes it: fuser -v logs/{service}.log"


def _can(path: Path, *, reading: bool) -> bool:
    return os.access(path, os.R_OK if reading else os.W_OK)


def _somebody_may_write(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & 0o222)
    except OSError:
        return True  # gone again: the next look will tell


def _seconds(count: int) -> timedelta:
    return timedelta(seconds=count)


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else otherwise
