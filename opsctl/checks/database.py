"""The database answers."""

from opsctl import console
from opsctl.checks.context import Context
from opsctl.checks.finding import Finding, error, ok
from opsctl.databases import state
from opsctl.errors import OpsctlError


def look(context: Context) -> list[Finding]:
    try:
        found = state.read(context.place)
    except OpsctlError as failure:
        command = "opsctl up" if failure.hint == "opsctl doctor" else failure.hint
        return [error(str(failure).splitlines()[0], command)]
    kind = "PostgreSQL" if context.place.kind == "postgresql" else "SQLite"
    return [ok(f"{kind} {found.version}, {context.place.name}, {console.size(found.size_bytes)}")]
