"""opsctl deps check"""

from collections import defaultdict
from functools import partial
from typing import Any

import typer

from opsctl import console, runtimes
from opsctl.dependencies import compare, declared, imports
from opsctl.dependencies.compare import Gap, Installed, Sides
from opsctl.errors import OpsctlError
from opsctl.options import AsJson
from opsctl.runtimes import APP_SERVICES, Runtime
from opsctl.settings import Settings, load_settings


def check(as_json: AsJson = False) -> None:
    """Compare imports, pyproject.toml, the lock and what really runs; name what closes each gap.

    A side that cannot be looked at (a container that does not run) is named and is not a gap.

    Exit codes: 0 no gap, 1 a source file is not Python, 3 gaps found, 5 a file is missing.
    Example: opsctl deps check --json
    """
    settings = load_settings()
    installed, not_seen = look_at_places(settings, runtimes.chosen(settings))
    sides = Sides(
        imports=imports.of_project(settings.project),
        declared=declared.of_pyproject(settings.project),
        locked=declared.of_lock(settings.project),
        installed=installed,
    )
    gaps = compare.gaps(sides)
    document = {
        "gaps": gaps,
        "notes": compare.notes(sides),
        "looked_at": ["imports", declared.PYPROJECT, declared.LOCK, *(place.where for place in installed)],
        "not_looked_at": not_seen,
    }
    console.result(document, as_json=as_json, show=partial(shown, document))
    if gaps:
        raise typer.Exit(3)


def look_at_places(settings: Settings, runtime: Runtime) -> tuple[tuple[Installed, ...], list[str]]:
    """Where packages are installed: each container, or this environment; and why a place could not be seen."""
    if runtime.NAME == "local":
        packages = runtime.packages(settings, APP_SERVICES[0])
        return (Installed("virtual environment", packages, "opsctl rebuild", is_ours_alone=False),), []
    seen, not_seen = [], defaultdict(list)
    for service in APP_SERVICES:
        try:
            packages = runtime.packages(settings, service)
        except OpsctlError as error:
            not_seen[str(error)].append(service)
        else:
            seen.append(Installed(f"container {service}", packages, f"opsctl rebuild {service}"))
    return tuple(seen), [f"{', '.join(services)}: {why}" for why, services in not_seen.items()]


def shown(document: dict[str, Any]) -> Any:
    gaps: list[Gap] = document["gaps"]
    parts: list[Any] = [console.coloured("compared: " + " · ".join(document["looked_at"]), "dim")]
    for gap in gaps:
        parts.append(console.coloured(f"✗ {gap.package}: {gap.where}", "bold red"))
        parts.append(console.coloured(f"    {gap.message}", ""))
        parts.append(console.coloured(f"    → {gap.command}", "cyan"))
    if not gaps:
        parts.append(console.coloured("✓ no gap", "green"))
    parts += [console.coloured(f"note: {one.package} ({one.where}): {one.message}", "dim") for one in document["notes"]]
    return [*parts, *(console.coloured(f"not looked at: {one}", "yellow") for one in document["not_looked_at"])]
