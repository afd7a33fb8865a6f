"""There is a backup of this environment, it is young, and none is damaged; each was read to its end when taken."""

from opsctl import console
from opsctl.backups import catalogue
from opsctl.backups.catalogue import Entry
from opsctl.checks.context import Context
from opsctl.checks.finding import Finding, ok, warning


def look(context: Context) -> list[Finding]:
    entries = catalogue.newest_first(context.settings.backup_dir)
    return [_newest(entries, context), *_damaged(entries)]


def _newest(entries: list[Entry], context: Context) -> Finding:
    environment, wanted_h = context.settings.environment, context.settings.doctor.backup_max_age_h
    good = [one.manifest for one in entries if one.manifest and not one.cause]
    newest = next((one for one in good if one.environment == environment), None)
    if newest is None:
        return warning(f"there is no backup of {environment}", "opsctl db backup")
    age_s = max(0, (context.now - newest.started_at).total_seconds())
    told = f"{newest.id}, {console.duration(age_s)} ago, {console.size(newest.bytes)}"
    if age_s > wanted_h * 3600:
        return warning(f"{told}: older than {wanted_h} h", "opsctl db backup")
    return ok(f"{told}, {len(good)} in all")


def _damaged(entries: list[Entry]) -> list[Finding]:
    names = ", ".join(one.id for one in entries if one.cause)
    return [warning(f"damaged: {names}", "opsctl db verify --all")] if names else []
