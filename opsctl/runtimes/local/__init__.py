"""Everything in one background process on this machine, with SQLite unless DATABASE_URL says otherwise."""
# ruff: noqa: ARG001  # these are the functions of the Protocol: they take what any runtime may need

import os
import re
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from opsctl import console, fingerprint, process
from opsctl.databases import Place
from opsctl.errors import NotReady, OpsctlError
from opsctl.runtimes import Change, Changed, Service, TestRun, waiting
from opsctl.runtimes.local import listing, record, testing
from opsctl.runtimes.local.place import place_of
from opsctl.runtimes.local.startable import require_startable
from opsctl.runtimes.local.surroundings import address_of, code_of, environment_of, require_free_port, requirements_of
from opsctl.settings import Settings
from opsctl.tools import pip

NAME = "local"
OUTPUT = "app.out"  # what the process says before its log files are open, and its last words
OUTPUT_LARGEST = 1024 * 1024
KILL_TAKES_S = 10


def is_available(settings: Settings) -> bool:
    """Python is all it needs."""
    return True


def services(settings: Settings) -> tuple[Service, ...]:
    return listing.services(settings)


def prepare(settings: Settings) -> None:
    """Folders that can be written, and a port that is ours or free. Raises NotReady, with nothing started."""
    _make_folders(settings)
    database(settings)
    if record.process_of(settings) is None:
        require_free_port(settings)


def _make_folders(settings: Settings) -> None:
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


def alembic(settings: Settings, words: Sequence[str], *, timeout_s: float = 600) -> str:
    argv = [sys.executable, "-m", "alembic", *words]
    return process.run(argv, secrets=environment_of(settings), cwd=settings.project, timeout_s=timeout_s)


def start(settings: Settings) -> None:
    """Leaves a process alone that was started with today's environment, code and packages."""
    running = record.process_of(settings)
    if running and not listing.changes(listing.record_of(running, settings), settings):
        return
    if running:
        require_startable(settings)
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
    _make_folders(settings)
    if record.process_of(settings):
        require_startable(settings)
    stop(settings)
    start(settings)


def stale(settings: Settings, names: Sequence[str] = ()) -> tuple[Change, ...]:
    return listing.stale(settings, names)


def rebuild(settings: Settings, changes: Sequence[Change]) -> tuple[Changed, ...]:
    """Install the lock where it changed, then restart.

    A failed installation leaves the old process running. There is no earlier copy of the code to go back to:
    where the new process is not healthy, the error says so and the tree is the operator's to correct.
    """
    started = time.monotonic()
    if any(change.action == "rebuild" for change in changes):
        _install(settings)
    if any(change.action != "none" for change in changes):
        restart(settings, ())
        waiting.until_healthy(sys.modules[__name__], settings)
    seconds = round(time.monotonic() - started, 1)
    return tuple(
        Changed(one.name, one.reasons, one.action, "kept", 0)
        if one.action == "none"
        else Changed(one.name, one.reasons, one.action, "replaced", seconds)
        for one in changes
    )


def database(settings: Settings) -> Place:
    return place_of(environment_of(settings)["DATABASE_URL"], settings.project)


def packages(settings: Settings, service: str) -> Mapping[str, str]:
    """Every service runs in this very environment."""
    from importlib.metadata import distributions

    found = ((one.metadata["Name"], one.version) for one in distributions())
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found if name}


def run_tests(settings: Settings, service: str, arguments: Sequence[str]) -> TestRun:
    return testing.run(settings, service, arguments, live=database(settings))


def _install(settings: Settings) -> None:
    try:
        process.run([sys.executable, *pip.install_locked(settings.project / "requirements.txt")], timeout_s=1800)
    except process.ProgramFailed as error:
        raise OpsctlError(str(error), cause="build.failed", hint="make lock") from None


def _end(running: psutil.Process, timeout_s: float) -> None:
    """No process is left, one way or the other. psutil looks before each signal whether the number is still its own."""
    try:
        running.send_signal(signal.SIGTERM)
        if _ended(running, timeout_s):
            return
        console.warning(f"pid {running.pid} did not end within {timeout_s:g} s after SIGTERM: killed")
        running.kill()
        _ended(running, KILL_TAKES_S)
    except psutil.NoSuchProcess:
        return


def _ended(running: psutil.Process, timeout_s: float) -> bool:
    """Not Process.wait: that waits for a zombie, whose parent may take its time."""
    deadline = time.monotonic() + timeout_s
    while running.is_running() and running.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _keep_small(output: Path) -> None:
    if output.exists() and output.stat().st_size > OUTPUT_LARGEST:
        output.replace(output.with_name(f"{output.name}.1"))
