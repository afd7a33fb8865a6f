"""The timetable, and what each entry does."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from app import alive, clock, db
from app.clients.provider import Provider
from app.services import alerts, jobs, outbox, quotes, symbols, users
from app.settings import Settings

SYMBOLS_AT = time(7, 0)
DAILY_PRICES_AT = time(18, 0)
PRUNE_AT = time(4, 0)
RECORDS_KEPT_FOR = timedelta(days=30)
FRESH_AT_LEAST = timedelta(seconds=60)
FRESH_TICKS = 3


@dataclass(frozen=True)
class Job:
    """`slot` names the run a moment belongs to, so that no run happens twice; `work` returns a line for the record."""

    name: str
    trigger: BaseTrigger
    slot: Callable[[datetime], str]
    work: Callable[[], str]


def timetable(provider: Provider, settings: Settings) -> tuple[Job, ...]:
    tick = timedelta(seconds=settings.tick_seconds)
    fresh_for = max(FRESH_AT_LEAST, FRESH_TICKS * tick)
    return (
        Job(jobs.UPDATE_SYMBOLS, *daily(SYMBOLS_AT), lambda: update_symbols(provider)),
        Job(jobs.UPDATE_DAILY_PRICES, *daily(DAILY_PRICES_AT), lambda: update_daily_prices(provider)),
        Job(jobs.PRUNE, *daily(PRUNE_AT), prune_records),
        Job(jobs.CHECK_ALERTS, *every(tick), lambda: check_alerts(provider, fresh_for)),
    )


def daily(at: time) -> tuple[BaseTrigger, Callable[[datetime], str]]:
    """Korean time; the slot is the day of the last such moment, so whoever starts late knows what was missed."""

    def slot(now: datetime) -> str:
        today = clock.in_korea(now)
        return (today if today.time() >= at else today - timedelta(days=1)).date().isoformat()

    return CronTrigger(hour=at.hour, minute=at.minute, timezone=clock.KST), slot


def every(period: timedelta) -> tuple[BaseTrigger, Callable[[datetime], str]]:
    def start_of(now: datetime) -> datetime:
        seconds = period.total_seconds()
        return datetime.fromtimestamp(math.floor(now.timestamp() / seconds) * seconds, UTC)

    # In the middle of a slot: a run a little early or late still belongs to its own.
    first = start_of(clock.now()) + period / 2
    trigger = IntervalTrigger(seconds=period.total_seconds(), start_date=first, timezone=UTC)
    return trigger, lambda now: start_of(now).isoformat()


def check_alerts(provider: Provider, fresh_for: timedelta) -> str:
    """Alert state and outbox row commit together; the bot's sender delivers the row."""
    with db.transaction(read_only=True) as session:
        codes = symbols.list_codes(session)
    prices = provider.prices(codes, clock.now())
    with db.transaction() as session:
        now = clock.now()
        stored = quotes.store(session, prices, now, fresh_for)
        fired = alerts.fire_due(session, now)
    alive.count("alerts fired", fired)
    return f"{stored} quotes, {fired} alerts fired"


def update_symbols(provider: Provider) -> str:
    listings = provider.listings()
    with db.transaction() as session:
        return f"{symbols.store(session, listings, clock.now())} symbols"


def update_daily_prices(provider: Provider) -> str:
    with db.transaction(read_only=True) as session:
        codes = symbols.list_codes(session)
    candles = provider.candles(codes, clock.now())
    with db.transaction() as session:
        return f"{quotes.store_candles(session, candles)} daily prices"


def prune_records() -> str:
    now = clock.now()
    sent = sum(iter(lambda: _prune_messages(now - RECORDS_KEPT_FOR), 0))
    with db.transaction() as session:
        requests = jobs.prune(session, now - RECORDS_KEPT_FOR)
        codes = users.prune_codes(session, now)
    return f"{sent} sent messages, {requests} requests, {codes} link codes forgotten"


def _prune_messages(before: datetime) -> int:
    with db.transaction() as session:
        return outbox.prune(session, before)
