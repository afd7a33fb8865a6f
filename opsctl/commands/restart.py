"""opsctl restart"""

from dataclasses import dataclass

import typer

from opsctl import console, history, overview, runtimes, screen
from opsctl.errors import NotReady
from opsctl.options import AsJson, DryRun, Runtime, Services
from opsctl.overview import Overview
from opsctl.runtimes import waiting
from opsctl.settings import Settings, load_settings


@dataclass(frozen=True)
class RestartPlan:
    runtime: str
    restart: tuple[str, ...]
    changed: tuple[str, ...]  # what they get that they do not have now


def restart(
    services: Services = None, runtime: Runtime = None, dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """Restart services with today's environment.

    Waits until they are healthy. In the local runtime the services are one process: naming one restarts all.

    Exit codes: 0 done, 1 a part did not become healthy, 2 no such service, 5 not ready, 6 busy.

    Example: opsctl restart bot
    """
    settings = load_settings(runtime=runtime)
    if dry_run:
        plan = plan_restart(settings, services or ())
        console.result(plan, as_json=as_json, show=lambda: told(plan))
        return
    with history.recorded_change(settings, "restart") as facts:
        plan = plan_restart(settings, services or ())
        facts["restarted"] = list(plan.restart)
        console.progress(told(plan))
        found = carry_out(plan, settings)
    console.result(found, as_json=as_json, show=lambda: screen.of(found))


def plan_restart(settings: Settings, names: list[str] | tuple[()]) -> RestartPlan:
    """Raises BadParameter for a name that is no service, NotReady when the system is down: `up` also migrates."""
    where = runtimes.chosen(settings)
    known = where.services(settings)
    valid = [one.name for one in known]
    if wrong := [name for name in names if name not in valid]:
        raise typer.BadParameter(f"there is no service {', '.join(wrong)}; choose from {', '.join(valid)}")
    if not any(one.is_up for one in known):
        raise NotReady("nothing is running", cause="service.stopped", hint="opsctl up")
    together = where.NAME == "local" or not names
    chosen = [one for one in known if together or one.name in names]
    return RestartPlan(
        runtime=where.NAME,
        restart=tuple(one.name for one in chosen),
        changed=tuple(dict.fromkeys(one.stale for one in chosen if one.stale)),
    )


def carry_out(plan: RestartPlan, settings: Settings) -> Overview:
    where = runtimes.named(plan.runtime)
    where.restart(settings, plan.restart)
    waiting.until_healthy(where, settings, plan.restart)
    return overview.read(where, settings)


def told(plan: RestartPlan) -> str:
    one_process = " (one process)" if plan.runtime == "local" else ""
    changed = f"; changed since the start: {', '.join(plan.changed)}" if plan.changed else ""
    return f"restart {', '.join(plan.restart)}{one_process}{changed}"
