"""Everything in one background process on this machine, with SQLite unless DATABASE_URL says otherwise."""
# ruff: noqa: ARG001  # these are the functions of the Protocol: they take what any runtime may need

import os
import re
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil

from opsctl import console, fingerprint, process, readiness
from opsctl.databases import Place
from opsctl.errors import NotReady
from opsctl.runtimes import APP_SERVICES, Service, TestRun
from opsctl.runtimes.local import record, testing
from opsctl.runtimes.local.place import place_of
from opsctl.runtimes.local.surroundings import (
    address_of,
    changes_since,
    code_of,
    environment_of,
    require_free_port,
    requirements_of,
)
from opsctl.settings import Settings

NAME = "local"
OUTPUT = "app.out"  # what the process says before its log files are open, and its last words
OUTPUT_LARGEST = 1024 * 1024
START_TAKES_S = 30  # a process that does not answer for longer is sick, not starting
ASK_TIMEOUT_S = 2
_HEALTH = {"ok": "healthy", "failed": "unhealthy", "starting": "starting", "disabled": "disabled"}


def is_available(settings: Settings) -> bool:
    """Python is all it needs."""
    return True


def services(settings: Settings) -> tuple[Service, ...]:
    """The three parts of the one process; what they say about themselves comes from /ready."""
    kept = record.read(settings)
    running = record.process_of(settings)
    if running is None:
        return _stopped(kept)
    known = kept if kept and kept.pid == running.pid else None
    url = known.url if known else address_of(settings).url
    answer = readiness.ask(url, timeout_s=ASK_TIMEOUT_S)
    stale = changes_since(known, settings) if known else "unknown, its record is lost"
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
                memory_bytes=_memory(running),
                stale=stale,
            )
        )
    return tuple(found)


def prepare(settings: Settings) -> None:
    """Folders that can be written, and a port that is ours or free. Raises NotReady, with nothing started."""
    for folder in (settings.state_dir, settings.data_dir, settings.logs_dir):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe = folder / ".writable"
            probe.touch(mode=0o600)
            probe.unlink()
        except OSError as error:
            raise NotReady(
                f"{folder} cannot be written: {error.strerror}", cause="folder.unwritable", hint=f"ls -ld {folder}"
            ) from None
    database(settings)
    if record.process_of(settings) is None:
        require_free_port(settings)


def alembic(settings: Settings, words: Sequence[str], *, timeout_s: float = 600) -> str:
    argv = [sys.executable, "-m", "alembic", *words]
    return process.run(argv, secrets=environment_of(settings), cwd=settings.project, timeout_s=timeout_s)


def start(settings: Settings) -> None:
    """Leaves a process alone that was started with today's environment, code and packages."""
    running = record.process_of(settings)
    if running:
        kept = record.read(settings)
        if kept and kept.pid == running.pid and not changes_since(kept, settings):
            return
        stop(settings)
    require_free_port(settings)
    output = settings.logs_dir / OUTPUT
    _keep_small(output)
    environment = environment_of(settings)
    values = fingerprint.of_values(environment, fingerprint.make_key(settings.state_dir))
    code, requirements = code_of(settings), requirements_of(settings)
    pid = process.start_in_background(
        [sys.executable, *record.WORDS],
        environment={**os.environ, **environment, record.OWNER: str(settings.project)},
        errors=output,
        cwd=settings.project,
    )
    record.write(
        settings,
        record.Record(
            pid=pid,
            born=record.born(pid),
            started_at=time.time(),
            url=address_of(settings).url,
            environment=settings.environment,
            values=values,
            code=code,
            requirements=requirements,
        ),
    )


def stop(settings: Settings, names: Sequence[str] = ()) -> None:
    """The parts live in one process, so naming one of them ends all."""
    running = record.process_of(settings)
    if running:
        _end(running, settings.runtime.stop_timeout_s)
    record.forget(settings)


def restart(settings: Settings, names: Sequence[str]) -> None:
    """The parts live in one process, so naming one of them restarts all."""
    stop(settings)
    start(settings)


def database(settings: Settings) -> Place:
    return place_of(environment_of(settings)["DATABASE_URL"], settings.project)


def packages(settings: Settings, service: str) -> Mapping[str, str]:
    """Every service runs in this very environment."""
    from importlib.metadata import distributions

    found = ((one.metadata["Name"], one.version) for one in distributions())
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found if name}


def run_tests(settings: Settings, service: str, arguments: Sequence[str]) -> TestRun:
    return testing.run(settings, service, arguments, live=database(settings))


def _stopped(kept: record.Record | None) -> tuple[Service, ...]:
    if kept is None:
        return tuple(Service(name, "stopped", "unknown") for name in APP_SERVICES)
    detail = f"ended without being stopped (it was pid {kept.pid})"
    return tuple(Service(name, "stopped", "unhealthy", detail=detail) for name in APP_SERVICES)


def _health(name: str, running: psutil.Process, answer: readiness.Readiness | None) -> tuple[str, str]:
    if answer is None:
        starting = time.time() - _created(running) < START_TAKES_S
        return ("starting", "") if starting else ("unhealthy", "does not answer at /ready")
    if name == "api":
        failed = answer.parts.get("database")
        return ("unhealthy", f"database: {failed.detail}") if failed and failed.status == "failed" else ("healthy", "")
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


def _end(running: psutil.Process, timeout_s: float) -> None:
    try:
        running.send_signal(signal.SIGTERM)
        running.wait(timeout_s)
    except psutil.NoSuchProcess:
        return
    except psutil.TimeoutExpired:
        console.warning(f"pid {running.pid} did not end within {timeout_s:g} s after SIGTERM: killed")
        running.kill()
        running.wait(10)


def _keep_small(output: Path) -> None:
    if output.exists() and output.stat().st_size > OUTPUT_LARGEST:
        output.replace(output.with_name(f"{output.name}.1"))
