"""The latest prices and the daily candles."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.clients.provider import Candle, Price
from app.models import DailyPrice, Quote, Symbol
from app.services.inserting import insert

HIGHEST_PRICE = 100_000_000
MOST_SHARES = 2**62
CANDLE_VALUES = ("open", "high", "low", "close", "volume")


def store(session: Session, prices: Iterable[Price], now: datetime, fresh_for: timedelta) -> int:
    """Keep the newest price of each known symbol; returns how many could be believed.

    A price that is zero, absurd or older than the stored one is left out, so the last good one stays (and goes stale).
    """
    known = set(session.scalars(select(Symbol.symbol)))
    rows = [
        asdict(price)
        | {
            "base_price": price.base_price if _is_price(price.base_price) else None,
            "received_at": now,
            "fresh_until": price.traded_at + fresh_for,
        }
        for price in prices
        if price.symbol in known and _is_price(price.price) and price.traded_at <= now
    ]
    if rows:
        new = insert(session, Quote)
        changed = {name: new.excluded[name] for name in rows[0] if name != "symbol"}
        session.execute(
            new.on_conflict_do_update(
                index_elements=["symbol"], set_=changed, where=Quote.traded_at <= new.excluded.traded_at
            ),
            rows,
        )
    return len(rows)


def store_candles(session: Session, candles: Iterable[Candle]) -> int:
    """Insert or correct; returns how many could be believed. The others are left out, or they would fail all."""
    rows = [asdict(candle) for candle in candles if _is_plausible(candle)]
    if rows:
        new = insert(session, DailyPrice)
        changed = {name: new.excluded[name] for name in CANDLE_VALUES}
        differs = or_(*(getattr(DailyPrice, name) != new.excluded[name] for name in CANDLE_VALUES))
        session.execute(new.on_conflict_do_update(index_elements=["symbol", "date"], set_=changed, where=differs), rows)
    return len(rows)


def _is_price(won: int | None) -> bool:
    return won is not None and 0 < won <= HIGHEST_PRICE


def _is_plausible(candle: Candle) -> bool:
    """A day without trading has a close only, the others are zero."""
    prices = (candle.open, candle.high, candle.low, candle.close)
    is_in_range = all(0 <= price <= HIGHEST_PRICE for price in prices) and 0 <= candle.volume <= MOST_SHARES
    return is_in_range and candle.low <= candle.high


def get(session: Session, symbol: str) -> Quote | None:
    """The latest quote, fresh or not; None when no price was ever received."""
    return session.get(Quote, symbol)


def of_symbols(session: Session, symbols: Sequence[str]) -> dict[str, Quote]:
    return {quote.symbol: quote for quote in session.scalars(select(Quote).where(Quote.symbol.in_(symbols)))}
