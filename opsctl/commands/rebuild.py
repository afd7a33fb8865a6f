"""opsctl rebuild"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from opsctl import console, history, runtimes
from opsctl.options import AsJson, DryRun, Environment, Runtime, Services
from opsctl.runtimes import Change, Changed
from opsctl.settings import Settings, load_settings

if TYPE_CHECKING:
    from rich.console import RenderableType


def rebuild(
    services: Services = None,
    env: Environment = None,
    runtime: Runtime = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Say per service why it is stale, and rebuild only that.

    Looks at requirements.txt, the Dockerfile, the code, the compose file and the environment. A new container takes
    over when it is healthy; a build that fails or a container that stays sick leaves what ran before running.

    Exit codes: 0 everything is as the tree says, 1 the build or the health check failed and the old goes on,
    2 no such service, 4 it runs as another environment, 5 not ready, 6 busy.

    Example: opsctl rebuild --dry-run
    """
    settings = load_settings(env=env, runtime=runtime)
    if dry_run:
        planned = [Changed(one.name, one.reasons, one.action, "planned", 0) for one in plan(settings, services or ())]
        console.result({"services": planned}, as_json=as_json, show=lambda: drawn(planned))
        return
    with history.recorded_change(settings, "rebuild", services=services or []) as facts:
        changes = plan(settings, services or ())
        tell(changes)
        done = runtimes.chosen(settings).rebuild(settings, changes)
        facts["replaced"] = [one.name for one in done if one.action != "none"]
    console.result({"services": done}, as_json=as_json, show=lambda: drawn(done))


def plan(settings: Settings, names: Sequence[str]) -> tuple[Change, ...]:
    """Raises BadParameter for a name that is no service."""
    changes = runtimes.chosen(settings).stale(settings)
    known = [one.name for one in changes]
    if wrong := [name for name in names if name not in known]:
        raise typer.BadParameter(f"there is no service {', '.join(wrong)}; choose from {', '.join(known)}")
    return tuple(one for one in changes if not names or one.name in names)


def tell(changes: Sequence[Change]) -> None:
    for one in changes:
        console.progress(f"{one.name:<10} {one.action:<8} {', '.join(one.reasons)}".rstrip())


def drawn(done: Sequence[Changed]) -> "RenderableType":
    rows = ((one.name, ", ".join(one.reasons), one.action, one.outcome, f"{one.seconds:.1f}") for one in done)
    return console.table("service", "reasons", "action", "outcome", "seconds", rows=rows)
