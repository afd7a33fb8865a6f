"""opsctl logs check"""

from functools import partial
from typing import Any

import typer

from opsctl import console, runtimes
from opsctl.errors import OpsctlError
from opsctl.logs import check as rotation
from opsctl.logs import containers
from opsctl.logs.check import Finding, Look
from opsctl.options import AsJson
from opsctl.settings import load_settings

STYLES = {"error": "bold red", "warning": "yellow", "info": "cyan"}


def check(as_json: AsJson = False) -> None:
    """Prove that rotation works, and find logs that grow, vanish or fall silent.

    Looks at real sizes against LOG_MAX_BYTES and LOG_BACKUP_COUNT, at who holds which file open, at
    files that do not grow while their service is up, and at what Docker keeps without a limit.

    Exit codes: 0 all is well, 1 the folder cannot be read, 3 problems found, 5 there is no log folder yet.
    Example: opsctl logs check --json
    """
    settings = load_settings()
    runtime = runtimes.chosen(settings)
    services, not_seen = _tried(partial(runtime.services, settings), "services")
    outputs, also_not_seen = (
        _tried(partial(containers.find, settings), "container logs") if runtime.NAME == "compose" else ((), [])
    )
    seen, findings = rotation.findings(partial(rotation.look, settings, services, outputs))
    document = {
        "findings": findings,
        "checked": [log.path for log in seen.logs],
        "rule": seen.rule,
        "not_looked_at": [*not_seen, *also_not_seen, *_hidden(seen)],
    }
    console.result(document, as_json=as_json, show=lambda: shown(document))
    if any(finding.level != "info" for finding in findings):
        raise typer.Exit(3)


def _tried(look: Any, what: str) -> tuple[tuple[Any, ...], list[str]]:
    """What was seen, or why it could not be: a sick engine must not hide a sick log."""
    try:
        return look(), []
    except OpsctlError as error:
        return (), [f"{what}: {error}"]


def _hidden(seen: Look) -> list[str]:
    hidden = [log.path.name for log in seen.logs if log.current and not seen.writers.sees(log.current.owner)]
    return [f"who writes {', '.join(hidden)}: other users' processes, ask as root"] if hidden else []


def shown(document: dict[str, Any]) -> Any:
    rule = document["rule"]
    summary = f"{len(document['checked'])} logs against {console.size(rule.max_bytes)} × {rule.backups} rotated files"
    parts: list[Any] = [console.coloured(summary, "dim")]
    for finding in document["findings"]:
        parts += _finding(finding)
    if not document["findings"]:
        parts.append(console.coloured("✓ rotation works, every service writes its own file", "green"))
    return [*parts, *(console.coloured(f"not looked at: {one}", "dim") for one in document["not_looked_at"])]


def _finding(finding: Finding) -> list[Any]:
    return [
        console.coloured(f"{finding.level:<8} {finding.file}", STYLES[finding.level]),
        console.coloured(f"         {finding.message}", ""),
        console.coloured(f"         → {finding.command}", "cyan"),
    ]
