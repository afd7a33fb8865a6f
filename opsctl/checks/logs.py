"""Rotation works, as `opsctl logs check` sees it."""

from functools import partial

from opsctl.checks.context import Context
from opsctl.checks.finding import Finding, info, ok
from opsctl.errors import OpsctlError
from opsctl.logs import check, containers
from opsctl.logs.containers import ContainerLog
from opsctl.runtimes import Service


def look(context: Context) -> list[Finding]:
    if not context.settings.logs_dir.is_dir():
        return [info("nothing has been logged yet")]
    seen, findings = check.findings(partial(check.look, context.settings, _services(context), _outputs(context)))
    if not findings:
        return [ok(f"{len(seen.logs)} files, rotation works")]
    return [Finding(one.level, f"{one.file.rpartition('/')[2]}: {one.message}", one.command) for one in findings]


def _services(context: Context) -> tuple[Service, ...]:
    try:
        return context.services
    except OpsctlError:  # the engine's own check tells
        return ()


def _outputs(context: Context) -> tuple[ContainerLog, ...]:
    try:
        return containers.find(context.settings) if context.runtime.NAME == "compose" and context.services else ()
    except OpsctlError:
        return ()
