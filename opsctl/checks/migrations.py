"""The schema is the one this code was written for."""

from opsctl import schema
from opsctl.backups import catalogue
from opsctl.checks.context import Context
from opsctl.checks.finding import Finding, error, ok


def look(context: Context) -> list[Finding]:
    found = schema.read(context.project, context.place)
    if found.problem:
        return [error(str(found.problem), found.problem.hint)]
    if found.pending and found.current is None and catalogue.existing(context.settings.backup_dir):
        return [error("the database is empty, but there are backups", "opsctl db restore latest")]
    if found.pending:
        names = ", ".join(step.revision for step in found.pending)
        return [error(f"at {found.current or 'nothing'}, waiting: {names}", "opsctl migrate upgrade")]
    return [ok(f"at head, {found.current}")]
