"""opsctl db backups"""

from typing import Any

from opsctl import console
from opsctl.backups import catalogue
from opsctl.backups.catalogue import Entry
from opsctl.options import AsJson, Environment
from opsctl.settings import load_settings


def backups(as_json: AsJson = False, env: Environment = None) -> None:
    """List the backups, the newest first.

    A backup whose manifest or size is wrong is listed with its cause; only `opsctl db verify` reads them whole.

    Exit codes: 0 done, 5 not ready.
    """
    settings = load_settings(env=env)
    entries = catalogue.newest_first(settings.backup_dir)
    document = {"backups": [described(entry) for entry in entries]}
    console.result(document, as_json=as_json, show=lambda: shown(entries))


def described(entry: Entry) -> dict[str, Any]:
    known = entry.manifest
    if known is None:
        return {"id": entry.id, "path": entry.path, "ok": False, "cause": entry.cause}
    return {
        "id": entry.id,
        "path": entry.path,
        "ok": entry.cause is None,
        "cause": entry.cause,
        "taken_at": known.started_at,
        "engine": f"{known.engine} {known.engine_version}",
        "database": known.database,
        "environment": known.environment,
        "label": known.label,
        "bytes": known.bytes,
        "sha256": known.sha256,
        "rows": known.contents.rows,
        "revision": known.contents.revision,
        "seconds": known.seconds,
    }


def shown(entries: list[Entry]) -> Any:
    if not entries:
        return ["there are no backups yet", "next: opsctl db backup"]
    return console.table("backup", "size", "rows", "revision", "label", rows=map(_row, entries))


def _row(entry: Entry) -> tuple[object, ...]:
    known = entry.manifest
    if known is None or entry.cause:
        return entry.id, console.coloured(entry.cause or "", "red"), "", "", ""
    rows = f"{sum(known.contents.rows.values()):,}"
    return entry.id, console.size(known.bytes), rows, known.contents.revision or "", known.label
