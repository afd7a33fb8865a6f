"""Room on the disk that holds the project: the database, the logs and the backups grow there."""

import shutil

from opsctl import console
from opsctl.checks.context import Context
from opsctl.checks.finding import Finding, error, ok, warning
from opsctl.settings import DoctorSettings

FULL_PERCENT = 1
FULL_BYTES = 200 * 1024 * 1024


def look(context: Context) -> list[Finding]:
    usage = shutil.disk_usage(context.project)
    return [judged(usage.free, usage.total, _wanted_percent(context))]


def judged(free: int, total: int, wanted_percent: int) -> Finding:
    """The finding for so many bytes."""
    percent = 100 * free / total
    room = f"{console.size(free)} free ({percent:.0f} %)"
    if free < FULL_BYTES or percent < FULL_PERCENT:
        return error(f"full: {room}", "df -h; opsctl logs list; opsctl db backups")
    if percent < wanted_percent:
        return warning(f"{room}, wanted are {wanted_percent} %", "opsctl logs list; opsctl db backups")
    return ok(room)


def _wanted_percent(context: Context) -> int:
    from opsctl.errors import OpsctlError

    try:
        return context.settings.doctor.disk_free_percent
    except OpsctlError:  # another check tells; the disk is looked at all the same
        return DoctorSettings().disk_free_percent
