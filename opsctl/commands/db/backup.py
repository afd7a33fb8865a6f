"""opsctl db backup"""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from opsctl import console, runtimes
from opsctl.backups import taking
from opsctl.backups.manifest import Manifest
from opsctl.backups.taking import BackupPlan
from opsctl.history import recorded_change
from opsctl.options import AsJson, DryRun, Environment, Runtime
from opsctl.settings import Settings, load_settings

LONGEST_LABEL = 200


def backup(
    label: Annotated[str, typer.Option(help="A note that stays with the backup.")] = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
    env: Environment = None,
    runtime: Runtime = None,
) -> None:
    """Take one verified backup of the database, then let the oldest ones go.

    All of it is from one moment while others go on writing. It is read back to its end before it gets its
    name; interrupted or failed, it leaves nothing behind, and costs no old backup.

    Exit codes: 0 done, 1 the dump failed, 5 the database, a tool or room on the disk is missing, 6 busy.
    Example: opsctl db backup --label "before the new year"
    """
    if len(label) > LONGEST_LABEL or not label.isprintable():
        raise typer.BadParameter(f"a label is one line of at most {LONGEST_LABEL} characters", param_hint="--label")
    settings = load_settings(env=env, runtime=runtime)
    place = runtimes.chosen(settings).database(settings)
    if dry_run:
        plan = taking.plan_backup(settings, place, label=label, now=datetime.now(UTC))
        console.result(plan, as_json=as_json, show=lambda: told(plan))
        return
    with recorded_change(settings, "db backup") as facts:
        taking.clean_up(settings, place)
        plan = taking.plan_backup(settings, place, label=label, now=datetime.now(UTC))
        made = taking.take(settings, place, plan)
        facts |= {"backup_id": made.id, "bytes": made.bytes, "deleted": taking.let_old_ones_go(settings)}
    document = summary(settings, made) | {"deleted": facts["deleted"]}
    console.result(document, as_json=as_json, show=lambda: outcome(document))


def summary(settings: Settings, made: Manifest) -> dict[str, Any]:
    return {
        "id": made.id,
        "path": settings.backup_dir / made.id,
        "bytes": made.bytes,
        "sha256": made.sha256,
        "rows": made.contents.rows,
        "revision": made.contents.revision,
        "label": made.label,
        "seconds": made.seconds,
    }


def told(plan: BackupPlan) -> list[Any]:
    return [
        f"{plan.environment}: {plan.where}",
        f"  write {plan.write} (about {console.size(plan.expected_bytes)}, {console.size(plan.free_bytes)} free)",
        *(f"  then delete {name}" for name in plan.delete),
    ]


def outcome(document: dict[str, Any]) -> list[Any]:
    rows = sum(document["rows"].values())
    return [
        console.coloured(
            f"✓ {document['id']}: {rows:,} rows of {len(document['rows'])} tables, "
            f"{console.size(document['bytes'])}, verified, {document['seconds']:.1f} s",
            "green",
        ),
        f"  {document['path']}",
        *(f"  deleted {name}" for name in document["deleted"]),
    ]
