"""opsctl migrate status"""

from typing import Any

import typer

from opsctl import console, runtimes, schema
from opsctl.databases import Place
from opsctl.options import AsJson
from opsctl.schema import Schema
from opsctl.settings import load_settings


def status(as_json: AsJson = False) -> None:
    """Show at which revision the database is, and which migrations wait.

    Says so as well when the migrations have several heads, or when the database is at a revision
    that this code does not know (it is ahead of the code, or belongs to other code).

    Exit codes: 0 up to date, 3 migrations wait or do not fit the database, 5 the database cannot be reached.
    Example: opsctl migrate status --json
    """
    settings = load_settings()
    place = runtimes.chosen(settings).database(settings)
    found = schema.read(settings.project, place)
    console.result(document(found, place), as_json=as_json, show=lambda: shown(found, place))
    if not found.is_current:
        raise typer.Exit(3)


def document(found: Schema, place: Place) -> dict[str, Any]:
    problem = found.problem
    return {
        "current": found.current,
        "head": found.head,
        "pending": found.pending,
        "database": place.name,
        "problem": {"cause": problem.cause, "message": str(problem), "hint": problem.hint} if problem else None,
    }


def shown(found: Schema, place: Place) -> list[Any]:
    parts: list[Any] = [
        console.coloured(f"database  {place.where}", "dim"),
        console.coloured(f"current   {found.current or 'none: no migration has run'}", ""),
        console.coloured(f"head      {found.head or 'not known'}", ""),
    ]
    if found.problem:
        return [
            *parts,
            console.coloured(f"✗ {found.problem}", "bold red"),
            console.coloured(f"→ {found.problem.hint}", "cyan"),
        ]
    if not found.pending:
        return [*parts, console.coloured("✓ up to date", "green")]
    rows = [(step.revision, step.summary) for step in found.pending]
    return [
        *parts,
        console.table("pending", "what it does", rows=rows),
        console.coloured("→ opsctl migrate upgrade", "cyan"),
    ]
