"""There is a backup, it is young, and it was verified."""

from opsctl.checks.context import Context
from opsctl.checks.finding import Finding, warning


def look(context: Context) -> list[Finding]:
    return [warning("there is no backup", "opsctl db backup")]
