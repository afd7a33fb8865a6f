"""A container per service, by docker compose: what starts is what docker-compose.yml says."""

import dataclasses
import time
from collections.abc import Mapping, Sequence

from opsctl import console, process
from opsctl.databases import Place
from opsctl.errors import NotReady, OpsctlError, Refused
from opsctl.runtimes import APP_SERVICES, Change, Changed, Service, TestRun
from opsctl.runtimes.compose import (
    building,
    containers,
    engine,
    folders,
    handover,
    journal,
    listing,
    project,
    staleness,
    testing,
)
from opsctl.runtimes.compose.containers import Container
from opsctl.settings import Settings
from opsctl.tools import compose, pip

NAME = "compose"
REPLACED_IN_ORDER = ("api", "scheduler", "bot")  # the API first: a sick image shows there without an outage
DATABASE_USER = "stockalert"


def is_available(settings: Settings) -> bool:
    """An engine that answers within two seconds, and compose v2."""
    if not (settings.project / project.FILE).is_file() or not engine.is_answering():
        return False
    try:
        return process.attempt(compose.version(), timeout_s=5, quiet=True).status == 0
    except OpsctlError:
        return False


def services(settings: Settings) -> tuple[Service, ...]:
    engine.client()
    return listing.services(settings)


def prepare(settings: Settings) -> None:
    engine.client()
    if settings.values.get("DATABASE_URL", "").startswith("sqlite"):
        raise NotReady(
            "DATABASE_URL names an SQLite file, which containers cannot share",
            cause="environment.value",
            hint=f"leave DATABASE_URL empty in {settings.env_file.name}, or use --runtime local",
        )
    folders.prepare(settings)
    project.wanted(settings)
    handover.repair(settings)
    building.build_if_stale(settings)
    project.run(settings, compose.up_and_wait("db", settings.runtime.ready_timeout_s))


def alembic(settings: Settings, words: Sequence[str], *, timeout_s: float = 600) -> str:
    argv = ("python", "-m", "alembic", *words)
    return project.run(settings, compose.run_once("api", argv), timeout_s=timeout_s)


def start(settings: Settings) -> None:
    """Containers from the image that `prepare` left, with today's environment; what is right already stays."""
    engine.client()
    handover.repair(settings)
    found = containers.of_project(settings)
    _refuse_another_environment(settings, found)
    changed = {change.name for change in staleness.table(settings) if change.action != "none"}
    running = {one.service for one in found if one.is_running}
    handed_over = [name for name in REPLACED_IN_ORDER if name in changed & running]
    _recreate(settings, [name for name in staleness.SERVICES if name in changed and name not in handed_over])
    if handed_over:
        handover.all_or_nothing(settings, handed_over, build_first=False)
    _start_what_is_not_running(settings)


def stop(settings: Settings, names: Sequence[str] = ()) -> None:
    engine.client()
    handover.repair(settings)
    limit_s = settings.runtime.stop_timeout_s
    project.run(settings, compose.stop(names, limit_s) if names else compose.down(limit_s))


def restart(settings: Settings, names: Sequence[str]) -> None:
    """New containers with today's environment, from the present image; no request fails meanwhile."""
    engine.client()
    handover.repair(settings)
    _refuse_another_environment(settings, containers.of_project(settings))
    chosen = names or staleness.SERVICES
    _recreate(settings, [name for name in chosen if name not in APP_SERVICES])
    if replaced := [name for name in REPLACED_IN_ORDER if name in chosen]:
        handover.all_or_nothing(settings, replaced, build_first=False)


def stale(settings: Settings, names: Sequence[str] = ()) -> tuple[Change, ...]:
    engine.client()
    return staleness.table(settings, names)


def rebuild(settings: Settings, changes: Sequence[Change]) -> tuple[Changed, ...]:
    engine.client()
    _refuse_another_environment(settings, containers.of_project(settings))
    folders.prepare(settings)
    if journal.read(settings):
        handover.repair(settings)
        changes = staleness.table(settings, [change.name for change in changes])
    todo = {change.name: change for change in changes if change.action != "none"}
    runs = {one.service for one in containers.of_project(settings) if one.is_running}
    seconds: dict[str, float] = {}
    build = any(change.action == "rebuild" for change in todo.values())
    if not runs & {*APP_SERVICES}:
        started = time.monotonic()
        if build:
            building.build(settings)
            console.progress("the system is down: opsctl up starts it with the new image")
        return tuple(_changed(change, "built", time.monotonic() - started) for change in changes)
    for name in (name for name in ("db", "proxy") if name in todo):
        started = time.monotonic()
        _recreate(settings, [name])
        seconds[name] = time.monotonic() - started
    if replaced := [name for name in REPLACED_IN_ORDER if name in todo]:
        seconds |= handover.all_or_nothing(settings, replaced, build_first=build)
    return tuple(_changed(change, "replaced", seconds.get(change.name, 0)) for change in changes)


def database(settings: Settings) -> Place:
    """The `db` service, reached through its container; another server that DATABASE_URL names, from this machine."""
    if url := settings.values.get("DATABASE_URL"):
        return _external(settings, url)
    engine.client()
    running = [one for one in containers.of_project(settings, "db") if one.is_running]
    if not running:
        raise NotReady("the database's container is not running", cause="db.unreachable", hint="opsctl up")
    return Place(
        kind="postgresql",
        name=DATABASE_USER,
        user=DATABASE_USER,
        prefix=("docker", "exec", "-i", running[0].name),
        folders={settings.project / "backups": "/backups"},
    )


def packages(settings: Settings, service: str) -> Mapping[str, str]:
    engine.client()
    running = [one for one in containers.of_project(settings, service) if one.is_running]
    if not running:
        raise NotReady(f"{service} is not running", cause="service.stopped", hint="opsctl up")
    argv = ("docker", "exec", running[0].name, "python", *pip.list_installed())
    return pip.read_list(process.run(argv, timeout_s=60, quiet=True))


def run_tests(settings: Settings, service: str, arguments: Sequence[str]) -> TestRun:
    return testing.run(settings, service, arguments, database(settings))


def _external(settings: Settings, url: str) -> Place:
    from opsctl.runtimes.local.place import place_of

    place = place_of(url, settings.project)
    if place.secrets or not settings.values.get("POSTGRES_PASSWORD"):
        return place
    return dataclasses.replace(place, secrets={"PGPASSWORD": settings.values["POSTGRES_PASSWORD"]})


def _recreate(settings: Settings, names: Sequence[str]) -> None:
    """Not `up --force-recreate`: that would take along what these services depend on."""
    if not names:
        return
    project.run(settings, compose.remove(names))
    project.run(settings, compose.up(names), timeout_s=settings.runtime.ready_timeout_s)


def _start_what_is_not_running(settings: Settings) -> None:
    running = {one.service for one in containers.of_project(settings) if one.is_running}
    if missing := [name for name in staleness.SERVICES if name not in running]:
        project.run(settings, compose.up(missing), timeout_s=settings.runtime.ready_timeout_s)


def _refuse_another_environment(settings: Settings, found: Sequence[Container]) -> None:
    """The containers of one environment are not turned into those of another: the database stays the same."""
    for one in found:
        runs_as = one.environment.get("APP_ENV")
        if one.is_running and runs_as and runs_as != settings.environment:
            raise Refused(
                f"this folder's containers run as {runs_as}, not as {settings.environment}",
                cause="environment.other",
                hint="opsctl down",
            )


def _changed(change: Change, outcome: str, seconds: float) -> Changed:
    done = outcome if change.action != "none" else "kept"
    return Changed(change.name, change.reasons, change.action, done, round(seconds, 1))
