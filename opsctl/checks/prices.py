"""Prices are fresh while the market is open: one that is not fresh fires no alert."""

from datetime import datetime, time, timedelta

from opsctl import console
from opsctl.checks.context import Context
from opsctl.checks.finding import Finding, info, ok, warning
from opsctl.databases.asking import moment
from opsctl.logs.lines import KST

OPENS, CLOSES = time(9, 0), time(15, 30)
FIRST_PRICES_TAKE = timedelta(minutes=5)


def look(context: Context) -> list[Finding]:
    row = next(iter(context.answers["quotes"] or ()), None)
    newest = moment(row["traded_at"]) if row else None
    fresh_until = moment(row["fresh_until"]) if row else None
    if row is None or newest is None or fresh_until is None:
        return [warning("no price was ever received", "opsctl logs tail scheduler")]
    told = f"{row['count']} symbols, the newest price is {_age(context.now - newest)} old"
    if fresh_until >= context.now:
        return [ok(told)]
    if is_open(context.now):
        return [warning(f"{told}: alerts do not fire", "opsctl logs tail scheduler --level warning")]
    return [info(f"{told}: the market is closed")]


def is_open(now: datetime) -> bool:
    """Whether prices should be moving, going by the week and the hour; holidays are not known here."""
    korea = now.astimezone(KST)
    begun = (korea - FIRST_PRICES_TAKE).time() >= OPENS and korea.time() >= OPENS
    return korea.weekday() < 5 and begun and korea.time() < CLOSES


def _age(age: timedelta) -> str:
    return console.duration(max(0, age.total_seconds()))
