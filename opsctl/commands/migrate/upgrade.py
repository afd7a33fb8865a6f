"""opsctl migrate upgrade"""

import time
from dataclasses import dataclass
from typing import Any

from opsctl import backups, console, runtimes, schema
from opsctl.databases import Place
from opsctl.errors import Refused
from opsctl.history import recorded_change
from opsctl.migrating import Upgraded, upgrade_to_head
from opsctl.options import AsJson, DryRun, Yes
from opsctl.runtimes import Runtime
from opsctl.schema import Step
from opsctl.settings import Settings, load_settings


@dataclass(frozen=True)
class UpgradePlan:
    environment: str
    database: str
    current: str | None
    head: str | None
    pending: tuple[Step, ...]
    backup: bool  # False only for a database with nothing in it


def upgrade(dry_run: DryRun = False, yes: Yes = False, as_json: AsJson = False) -> None:
    """Back the database up, then bring it to the code's revision.

    All waiting migrations are one transaction: when one fails, the schema is the old one. A migration
    that would wait for a table longer than lock_timeout_ms in opsctl.toml gives up and tries again later,
    so the service never stands still for it. In production it asks first, unless --yes is said.

    Exit codes: 0 done or nothing to do, 1 failed and the old schema is there, 4 refused, 5 not ready, 6 busy.
    Example: opsctl migrate upgrade --dry-run
    """
    settings = load_settings()
    runtime = runtimes.chosen(settings)
    if dry_run:
        plan = plan_upgrade(settings, runtime.database(settings))
        console.result(plan, as_json=as_json, show=lambda: told(plan))
        return
    with recorded_change(settings, "migrate upgrade") as facts:
        place = runtime.database(settings)
        plan = plan_upgrade(settings, place)
        if plan.pending:
            ask(plan, settings, yes=yes)
        done = carry_out(plan, settings, runtime, place)
        facts |= {"from": plan.current, "to": done["current"], "backup_id": done["backup"]}
    console.result(done, as_json=as_json, show=lambda: outcome(done))


def plan_upgrade(settings: Settings, place: Place) -> UpgradePlan:
    """Raises Refused when code and database do not fit together, NotReady when the database does not answer."""
    found = schema.read(settings.project, place)
    if found.problem:
        raise Refused(str(found.problem), cause=found.problem.cause, hint=found.problem.hint)
    return UpgradePlan(
        environment=settings.environment,
        database=place.where,
        current=found.current,
        head=found.head,
        pending=found.pending,
        backup=bool(found.pending) and found.current is not None,
    )


def ask(plan: UpgradePlan, settings: Settings, *, yes: bool) -> None:
    if yes or not settings.is_production:
        return
    for step in plan.pending:
        console.progress(f"  {step.revision}  {step.summary}")
    if (console.answer(f"Migrate {plan.database}? [y/N]") or "").strip().lower() not in ("y", "yes"):
        raise Refused(
            "not confirmed, nothing was changed", cause="confirm.missing", hint="opsctl migrate upgrade --yes"
        )


def carry_out(plan: UpgradePlan, settings: Settings, runtime: Runtime, place: Place) -> dict[str, Any]:
    started = time.monotonic()
    backup_id, done = None, Upgraded(plan.current, 0)
    if plan.pending:
        runtime.prepare(settings)  # an image that has these migrations; what runs is left alone
        if plan.backup:
            console.progress(f"backing {place.where} up before it is migrated")
            backup_id = backups.make(settings, place, label="before migrate upgrade").id
        done = upgrade_to_head(settings, runtime, place, plan.pending)
    return {
        "previous": plan.current,
        "current": done.revision,
        "head": plan.head,
        "applied": plan.pending,
        "backup": backup_id,
        "attempts": done.attempts,
        "seconds": round(time.monotonic() - started, 3),
    }


def told(plan: UpgradePlan) -> list[Any]:
    where = f"{plan.environment}: {plan.database} is at {plan.current or 'nothing'}"
    if not plan.pending:
        return [console.coloured(f"✓ nothing to do: {where}, which is head", "green")]
    steps = [f"  {step.revision}  {step.summary}" for step in plan.pending]
    first = "  take a verified backup" if plan.backup else "  no backup: there is nothing in it yet"
    return [where, first, *steps]


def outcome(done: dict[str, Any]) -> list[Any]:
    if not done["applied"]:
        return [console.coloured(f"✓ nothing to do: at {done['current']}, which is head", "green")]
    kept = f", backup {done['backup']}" if done["backup"] else ""
    return [
        *(f"  {step.revision}  {step.summary}" for step in done["applied"]),
        console.coloured(f"✓ migrated to {done['current']} in {done['seconds']:.1f} s{kept}", "green"),
    ]
