"""The services as the status screen shows them."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from opsctl import console
from opsctl.errors import NotReady
from opsctl.runtimes import APP_SERVICES, Service
from opsctl.runtimes.compose import containers, journal, project, recipe, staleness
from opsctl.runtimes.compose.containers import Container
from opsctl.runtimes.compose.project import Wanted
from opsctl.settings import Settings

_STATES = {"running": "running", "restarting": "starting"}
_WORST_FIRST = ("unhealthy", "unknown", "starting", "disabled", "healthy")


def services(settings: Settings) -> tuple[Service, ...]:
    """One line per service; several containers of one service share a line, which shows the worst of them."""
    found = containers.of_project(settings)
    running = [one.id for one in found if one.is_running]
    with ThreadPoolExecutor(max_workers=8) as pool:
        memory = dict(zip(running, pool.map(containers.memory_of, running), strict=True))
    wanted = _wanted(settings)
    tree = recipe.of_tree(settings.project)
    interrupted = journal.read(settings) is not None
    return tuple(
        _service(
            settings, name, [one for one in found if one.service == name], memory, wanted.get(name), tree, interrupted
        )
        for name in staleness.SERVICES
    )


def _wanted(settings: Settings) -> Mapping[str, Wanted]:
    """Nothing while the environment file is missing or wrong: what runs can be shown all the same."""
    try:
        return project.wanted(settings) if settings.env_file.exists() else {}
    except NotReady as reason:
        console.warning(str(reason))
        return {}


def _service(
    settings: Settings,
    name: str,
    found: Sequence[Container],
    memory: Mapping[str, int | None],
    wanted: Wanted | None,
    tree: Mapping[str, str],
    interrupted: bool,
) -> Service:
    if not found:
        return Service(name=name, state="missing", health="unknown")
    up = [one for one in found if one.status in _STATES] or found
    worst = min((_health(one) for one in up), key=_WORST_FIRST.index)
    used = [size for one in up if (size := memory.get(one.id)) is not None]
    return Service(
        name=name,
        state=min(_STATES.get(one.status, "stopped") for one in up),
        health=worst,
        url=f"http://127.0.0.1:{settings.values.get('API_PORT') or '8000'}" if name == "api" else None,
        detail=_detail(up, worst, interrupted and name in APP_SERVICES),
        started_at=min((one.started_at for one in up if one.started_at), default=None),
        restarts=sum(one.restarts for one in up),
        memory_bytes=sum(used) if used else None,
        stale=", ".join(_stale(name, up, wanted, tree)),
    )


def _health(one: Container) -> str:
    if not one.is_running:
        return "starting" if one.status == "restarting" else "unknown"
    if one.service == "bot" and not one.environment.get("TELEGRAM_BOT_TOKEN"):
        return "disabled"
    return one.health or "healthy"


def _detail(up: Sequence[Container], worst: str, interrupted: bool) -> str:
    parts = ["a replacement was interrupted: opsctl up"] if interrupted else []
    if len(up) > 1:
        parts.append(f"{len(up)} containers")
    if worst == "disabled":
        parts.append("no TELEGRAM_BOT_TOKEN")
    if worst != "healthy":
        parts += [one.checks[-1].splitlines()[-1] for one in up if one.checks and one.health != "healthy"]
        parts += [f"ended with exit code {one.exit_code}" for one in up if one.status in ("exited", "dead")]
    return "; ".join(parts)


def _stale(name: str, up: Sequence[Container], wanted: Wanted | None, tree: Mapping[str, str]) -> tuple[str, ...]:
    for one in up:
        made_of = recipe.reasons(name, tree, one.labels) if name in APP_SERVICES else ()
        if found := (*made_of, *(staleness.setting_reasons(one, wanted) if wanted else ())):
            return found
    return ()
