"""The overview as people read it: the verdict first, then one line per thing, then what to type."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from opsctl.console import coloured, duration, size
from opsctl.overview import Finding, Overview, age_s
from opsctl.runtimes import Service

if TYPE_CHECKING:
    from rich.console import RenderableType

_COLOURS = {"healthy": "green", "starting": "yellow", "disabled": "dim", "unhealthy": "bold red", "stopped": "bold red"}


def of(overview: Overview) -> list["RenderableType"]:
    """Parts for console.result."""
    return [
        verdict(overview),
        "",
        _grid([_service(one) for one in overview.services]),
        *([""] if overview.services else []),
        _grid(_facts(overview)),
        *_findings("problems", "bold red", overview.problems),
        *_findings("worth a look", "yellow", overview.notices),
    ]


def verdict(overview: Overview) -> "RenderableType":
    where = f"{overview.environment} on {overview.runtime}"
    if overview.healthy:
        return coloured(f"{where}: all is well", "bold green")
    return coloured(
        f"{where}: {len(overview.problems)} {'problem' if len(overview.problems) == 1 else 'problems'}", "bold red"
    )


def steps(findings: Iterable[str]) -> list["RenderableType"]:
    """The closing lines: the next things to type."""
    return ["", coloured("next:", "bold"), *[coloured(f"  {one}", "cyan") for one in findings]]


def _service(service: Service) -> Sequence["RenderableType"]:
    word = service.health if service.is_up or service.health == "disabled" else service.state
    lived = duration((datetime.now(UTC) - service.started_at).total_seconds()) if service.started_at else ""
    told = service.detail or service.url or ""
    return (
        coloured(service.name, "bold"),
        coloured(word, _COLOURS.get(word, "")),
        coloured(f"up {lived}" if lived and service.is_up else "", "dim"),
        coloured(size(service.memory_bytes) if service.memory_bytes else "", "dim"),
        coloured(told, ""),
    )


def _facts(overview: Overview) -> list[Sequence["RenderableType"]]:
    facts = [("database", _database(overview)), ("backup", _backup(overview))]
    if overview.outbox_waiting is not None:
        facts.append(("outbox", f"{overview.outbox_waiting} waiting"))
    for name, job in overview.jobs.items():
        age = f"{duration(job.age_seconds)} ago" if job.age_seconds is not None else "never ran"
        facts.append(("job", f"{name}: {job.outcome or 'not run yet'}, {age}"))
    facts.append(("disk", f"{size(overview.disk.free_bytes)} free ({overview.disk.free_percent} %)"))
    return [(coloured(name, "dim"), coloured(text, "")) for name, text in facts]


def _database(overview: Overview) -> str:
    database = overview.database
    if database is None:
        return "not known"
    words = [f"{database.engine} {database.version}".strip(), database.name]
    if database.size_bytes is not None:
        words.append(size(database.size_bytes))
    if database.pending == 0:
        words.append(f"revision {database.revision} (head)")
    elif database.pending:
        words.append(f"revision {database.revision or 'none'}, head {database.head}")
    return ", ".join(words)


def _backup(overview: Overview) -> str:
    backup = overview.last_backup
    return f"{backup.id}, {duration(age_s(backup))} ago, {size(backup.bytes)}" if backup else "none"


def _findings(title: str, style: str, findings: Sequence[Finding]) -> list["RenderableType"]:
    lines: list[RenderableType] = ["", coloured(f"{title}:", style)] if findings else []
    for one in findings:
        lines.append(coloured(f"  {one.what}", ""))
        if one.command:
            lines.append(coloured(f"    {one.command}", "cyan"))
    return lines


def _grid(rows: Sequence[Sequence["RenderableType"]]) -> "RenderableType":
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    for _ in range(1 + max(map(len, rows), default=0)):
        grid.add_column(overflow="fold")  # a narrow terminal must not hide the end of a reason
    for row in rows:
        grid.add_row("", *row)
    return grid
