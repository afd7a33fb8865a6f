"""opsctl down"""

from dataclasses import dataclass

from opsctl import console, history, runtimes
from opsctl.errors import OpsctlError
from opsctl.options import AsJson, DryRun, Runtime
from opsctl.settings import Settings, load_settings


@dataclass(frozen=True)
class DownPlan:
    runtime: str
    stop: tuple[str, ...]


def down(runtime: Runtime = None, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Stop the system; the data stays.

    Exit codes: 0 nothing runs any more, 1 a part did not end, 5 the engine or a setting is not ready, 6 busy.

    Example: opsctl down --dry-run
    """
    settings = load_settings(runtime=runtime)
    if dry_run:
        plan = plan_down(settings)
    else:
        with history.recorded_change(settings, "down") as facts:
            plan = plan_down(settings)
            facts["stopped"] = list(plan.stop)
            carry_out(settings)
    console.result(plan, as_json=as_json, show=lambda: _told(plan, dry_run))


def plan_down(settings: Settings) -> DownPlan:
    where = runtimes.chosen(settings)
    return DownPlan(runtime=where.NAME, stop=tuple(one.name for one in where.services(settings) if one.is_up))


def carry_out(settings: Settings) -> None:
    """Also where nothing seems to run: containers that ended by themselves are removed."""
    where = runtimes.chosen(settings)
    where.stop(settings)
    if left := [one.name for one in where.services(settings) if one.is_up]:
        raise OpsctlError(f"still running: {', '.join(left)}", cause="service.running", hint="opsctl status")


def _told(plan: DownPlan, dry_run: bool) -> str:
    if not plan.stop:
        return "nothing was running"
    return f"{'would stop' if dry_run else 'stopped'} {', '.join(plan.stop)}; the data stays"
