"""opsctl db restore"""

from typing import Annotated, Any

import typer

from opsctl import confirmation, console, runtimes
from opsctl.backups import catalogue, taking
from opsctl.backups.restoring import Restored, RestorePlan, plan_restore
from opsctl.backups.restoring import restore as bring_back
from opsctl.history import recorded_change
from opsctl.options import AsJson, Confirm, DryRun, Environment, Runtime, Yes
from opsctl.settings import load_settings
from opsctl.tools import alembic


def restore(
    backup: Annotated[str, typer.Argument(metavar="ID", help="A backup, or latest.")],
    yes: Yes = False,
    confirm: Confirm = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
    env: Environment = None,
    runtime: Runtime = None,
) -> None:
    """Bring a backup back beside the live database, compare, and swap.

    The backup is verified first. Then comes a backup of what is replaced, and the replaced database itself
    stays for `opsctl db undo`.
    Until the swap, which takes well under a second, the service goes on working with the old database.
    Development wants --yes or a typed yes, production the database's name: --confirm NAME, or typed.

    Exit codes: 0 done, 1 failed with the old database live, 2 not a backup's name, 4 refused (damaged,
    another environment's, newer than the code, not confirmed), 5 not ready, 6 busy.
    Example: opsctl db restore latest --dry-run
    """
    settings = load_settings(env=env, runtime=runtime)
    entry = catalogue.find(settings.backup_dir, backup)
    if dry_run:
        plan = plan_restore(settings, runtimes.chosen(settings).database(settings), entry)
        console.result(plan, as_json=as_json, show=lambda: told(plan))
        return
    with recorded_change(settings, "db restore", backup_id=entry.id) as facts:
        place = runtimes.chosen(settings).database(settings)
        plan = plan_restore(settings, place, entry)
        confirmation.require(
            settings,
            name=place.name,
            what="\n".join(told(plan)),
            yes=yes,
            confirm=confirm,
            command=f"opsctl db restore {entry.id}",
        )
        taking.clean_up(settings, place)
        done = bring_back(settings, place, entry)
        facts |= {"kept_as": done.previous, "safety_backup": done.safety_backup}
    behind = done.revision is not None and bool(alembic.pending(settings.project, done.revision))
    console.result(done, as_json=as_json, show=lambda: outcome(done, is_behind=behind))


def told(plan: RestorePlan) -> list[str]:
    tables = sorted(plan.rows_that_go.keys() | plan.rows_that_come.keys())
    return [
        f"{plan.environment}: {plan.where}",
        f"  backup {plan.backup} {f'({plan.label}) ' if plan.label else ''}comes back, "
        f"its schema is at {plan.revision_that_comes or 'nothing'}",
        *(f"  {name}: {plan.rows_that_go.get(name, 0):,} rows go, {plan.rows_that_come.get(name, 0):,} come"
          for name in tables),
        "  a backup of what goes is taken first"
        + ("; the old database is kept for `opsctl db undo`" if plan.keeps_old_database else ""),
    ]  # fmt: skip


def outcome(done: Restored, *, is_behind: bool) -> list[Any]:
    rows = sum(done.rows.values())
    return [
        console.coloured(
            f"✓ {done.restored} is live: {rows:,} rows, every table compared, {done.seconds:.1f} s; "
            f"nobody could write for {done.write_downtime_seconds * 1000:.0f} ms",
            "green",
        ),
        *([f"  the old database is kept as {done.previous}: opsctl db undo"] if done.previous else []),
        *([f"  and backed up as {done.safety_backup}"] if done.safety_backup else []),
        *(["  its schema is older than the code: opsctl migrate upgrade"] if is_behind else []),
    ]
