"""Something runs at all; a single service that does not is its own check's finding."""

from opsctl.checks.context import Context
from opsctl.checks.finding import Finding, error, ok, warning
from opsctl.runtimes import APP_SERVICES


def look(context: Context) -> list[Finding]:
    ours = [one for one in context.services if one.name in APP_SERVICES]
    up = [one for one in ours if one.is_up]
    if not up:
        why = next((f": {one.detail}" for one in ours if one.detail), "")
        return [error(f"nothing is running{why}", "opsctl up")]
    found = [ok(f"{len(up)} of {len(ours)} services are up")]
    for one in context.services:
        if one.name not in APP_SERVICES and not one.is_well:
            found.append(warning(f"{one.name} is {one.state}, {one.health} {one.detail}".strip(), "opsctl up"))
    if changed := sorted({one.stale for one in up if one.stale}):
        found.append(warning(f"changed since the start: {'; '.join(changed)}", "opsctl rebuild"))
    return found
