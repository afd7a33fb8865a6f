"""The Docker Engine, where the system runs in containers."""

from opsctl.checks.context import Context
from opsctl.checks.finding import Finding, ok


def look(context: Context) -> list[Finding]:
    if context.runtime.NAME != "compose":
        return [ok(f"not needed: the {context.runtime.NAME} runtime")]
    context.services  # noqa: B018  # raises what is wrong with the engine
    return [ok("answers")]
