"""The database answers."""

from opsctl import console
from opsctl.backups import catalogue
from opsctl.checks.context import Context
from opsctl.checks.finding import Finding, error, ok
from opsctl.databases import state
from opsctl.errors import OpsctlError


def look(context: Context) -> list[Finding]:
    try:
        found = state.read(context.place)
    except OpsctlError as failure:
        return [error(str(failure).splitlines()[0], _command(failure, context))]
    kind = "PostgreSQL" if context.place.kind == "postgresql" else "SQLite"
    return [ok(f"{kind} {found.version}, {context.place.name}, {console.size(found.size_bytes)}")]


def _command(failure: OpsctlError, context: Context) -> str:
    """A database that is gone comes back from its backup; `opsctl up` would begin with an empty one."""
    if failure.cause == "db.missing" and catalogue.existing(context.settings.backup_dir):
        return "opsctl db restore latest"
    if failure.hint not in ("", "opsctl doctor"):
        return failure.hint
    if context.runtime.NAME == "compose" or context.place.kind == "sqlite":
        return "opsctl up"
    return f"start that server, or edit DATABASE_URL in {context.settings.env_file.name}"
