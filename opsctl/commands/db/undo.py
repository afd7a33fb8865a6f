"""opsctl db undo"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opsctl import confirmation, console, runtimes
from opsctl.backups import taking
from opsctl.backups.restoring import forget_oldest
from opsctl.databases import Place, kind_of
from opsctl.errors import Refused
from opsctl.history import recorded_change
from opsctl.options import AsJson, Confirm, DryRun, Environment, Runtime, Yes
from opsctl.settings import Settings, load_settings


@dataclass(frozen=True)
class UndoPlan:
    """The kept database that comes, and the rows of each table that go and come."""

    comes: str
    database: str
    where: str
    environment: str
    rows_that_go: Mapping[str, int]
    rows_that_come: Mapping[str, int]


def undo(
    yes: Yes = False,
    confirm: Confirm = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
    env: Environment = None,
    runtime: Runtime = None,
) -> None:
    """Go back to the database that was live before the last restore.

    The one that is live now is kept in its turn, so a second undo takes the first one back.
    Development wants --yes or a typed yes, production the database's name: --confirm NAME, or typed.

    Exit codes: 0 done, 1 failed with the database as it was, 4 refused or nothing to go back to, 5 not ready, 6 busy.
    """
    settings = load_settings(env=env, runtime=runtime)
    if dry_run:
        plan = plan_undo(settings, runtimes.chosen(settings).database(settings))
        console.result(plan, as_json=as_json, show=lambda: told(plan))
        return
    with recorded_change(settings, "db undo") as facts:
        place = runtimes.chosen(settings).database(settings)
        taking.clean_up(settings, place)
        plan = plan_undo(settings, place)
        confirmation.require(
            settings,
            name=place.name,
            what="\n".join(told(plan)),
            yes=yes,
            confirm=confirm,
            command="opsctl db undo",
        )
        done = carry_out(settings, place, plan)
        facts |= {"kept_as": done["previous"]}
    console.result(done, as_json=as_json, show=lambda: outcome(done))


def plan_undo(settings: Settings, place: Place) -> UndoPlan:
    """Raises Refused when no replaced database is kept."""
    database = kind_of(place)
    kept = database.previous(place)
    if not kept:
        raise Refused(
            f"no earlier database of {place.where} is kept",
            cause="undo.nothing",
            hint="opsctl db backups, then opsctl db restore ID",
        )
    return UndoPlan(
        comes=kept[0],
        database=place.name,
        where=place.where,
        environment=settings.environment,
        rows_that_go=database.rows(place) if database.exists(place) else {},
        rows_that_come=database.rows(place, kept[0]),
    )


def carry_out(settings: Settings, place: Place, plan: UndoPlan) -> dict[str, Any]:
    started = time.monotonic()
    previous, downtime_s = kind_of(place).swap(place, plan.comes, wait_s=settings.restore.swap_wait_s)
    forget_oldest(settings, place)
    return {
        "restored": plan.comes,
        "previous": previous,
        "seconds": round(time.monotonic() - started, 3),
        "write_downtime_seconds": downtime_s,
    }


def told(plan: UndoPlan) -> list[str]:
    tables = sorted(plan.rows_that_go.keys() | plan.rows_that_come.keys())
    return [
        f"{plan.environment}: {plan.where}",
        f"  {plan.comes} comes back",
        *(f"  {name}: {plan.rows_that_go.get(name, 0):,} rows go, {plan.rows_that_come.get(name, 0):,} come"
          for name in tables),
    ]  # fmt: skip


def outcome(done: dict[str, Any]) -> list[Any]:
    return [
        console.coloured(
            f"✓ {done['restored']} is live again; nobody could write for "
            f"{done['write_downtime_seconds'] * 1000:.0f} ms",
            "green",
        ),
        *([f"  what was live is kept as {done['previous']}: opsctl db undo"] if done["previous"] else []),
    ]
