"""Messages leave: nothing waits too long, and what could not be delivered is named."""

from opsctl import console
from opsctl.checks.context import Context
from opsctl.checks.finding import Finding, info, ok, warning
from opsctl.databases.asking import moment


def look(context: Context) -> list[Finding]:
    return [_waiting(context), *_undelivered(context)]


def _waiting(context: Context) -> Finding:
    row = next(iter(context.answers["oldest_waiting"] or ()), None)
    oldest = moment(row["created_at"]) if row else None
    if row is None or oldest is None:
        return ok("nothing waits")
    age_s = (context.now - oldest).total_seconds()
    told = f"{row['count']} wait, the oldest for {console.duration(max(0, age_s))}"
    if age_s <= context.settings.doctor.outbox_max_age_s:
        return ok(told)
    if not context.settings.values.get("TELEGRAM_BOT_TOKEN"):
        return info(f"{told}: the bot is off")
    return warning(told, "opsctl logs tail bot --level warning")


def _undelivered(context: Context) -> list[Finding]:
    counts = {row["status"]: row["count"] for row in context.answers["undelivered"] or ()}
    found = []
    if counts.get("dead"):
        found.append(warning(f"{counts['dead']} were refused for good", "opsctl logs tail bot --level warning"))
    if counts.get("unknown"):
        found.append(info(f"{counts['unknown']} may or may not have arrived"))
    return found
