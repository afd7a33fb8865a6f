"""opsctl doctor"""

from collections.abc import Iterable, Sequence
from typing import Any

import typer

from opsctl import checks, console
from opsctl.checks import Result
from opsctl.checks.context import Context
from opsctl.checks.finding import Finding, Level
from opsctl.options import AsJson
from opsctl.settings import find_project

SIGNS: dict[Level, tuple[str, str]] = {
    "ok": ("✓", "green"),
    "info": ("·", "cyan"),
    "warning": ("!", "yellow"),
    "error": ("✗", "bold red"),
}


def doctor(as_json: AsJson = False) -> None:
    """Look for what is wrong, in the order of cause.

    From the disk up to the price that fires an alert: each chain ends at its first error, because
    what comes behind it is its consequence. Changes nothing, and works when Docker does not answer.

    Exit codes: 0 all is well, 3 warnings or errors were found, 5 this is no project folder.
    Example: opsctl doctor --json
    """
    results = checks.run(Context(find_project()))
    found = [(result.check, finding) for result in results for finding in result.findings]
    document = {
        "findings": [{"check": check, **vars(finding)} for check, finding in found],
        "not_looked_at": [{"check": one.check, "because": one.because} for one in results if one.because],
    }
    levels = [finding.level for _check, finding in found]
    console.result(document, as_json=as_json, show=lambda: shown(results, levels))
    if {"warning", "error"} & set(levels):
        raise typer.Exit(3)


def shown(results: Iterable[Result], levels: Sequence[Level]) -> list[Any]:
    from rich.table import Table

    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for result in results:
        for row in _rows(result):
            grid.add_row(*row)
    return [grid, "", _verdict(levels)]


def _rows(result: Result) -> Iterable[tuple[Any, Any, Any]]:
    if result.because:
        skipped = f"not looked at: {result.because} first"
        yield console.coloured("-", "dim"), console.coloured(result.check, "dim"), console.coloured(skipped, "dim")
    for number, finding in enumerate(result.findings):
        yield from _finding_rows(result.check if number == 0 else "", finding)


def _finding_rows(name: str, finding: Finding) -> Iterable[tuple[Any, Any, Any]]:
    sign, style = SIGNS[finding.level]
    text_style = style if finding.level in ("warning", "error") else ""
    yield console.coloured(sign, style), console.coloured(name, "bold"), console.coloured(finding.message, text_style)
    if finding.command:
        yield "", "", console.coloured(f"→ {finding.command}", "cyan")


def _verdict(levels: Sequence[Level]) -> Any:
    errors, warnings = levels.count("error"), levels.count("warning")
    if errors or warnings:
        counted = [_count(errors, "error"), _count(warnings, "warning")]
        text = " and ".join(one for one in counted if one)
        return console.coloured(f"{text}: begin at the top", "bold red" if errors else "yellow")
    return console.coloured("all is well", "bold green")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}" if number else ""
