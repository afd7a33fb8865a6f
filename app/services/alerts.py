"""Price alerts: setting them, and firing those that are due."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select, true, union_all, update
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound
from app.models import Alert, Message, Quote, Symbol, User
from app.models.message import ALERT_PRIORITY
from app.services import symbols
from app.services.inserting import insert
from app.texts import en, ko

ALERTS_PER_USER = 500
KIND = "price_alert"
ROWS_AT_ONCE = 1000

log = logging.getLogger(__name__)


def add_alert(session: Session, user_id: int, symbol: str, condition: str, target_price: int, now: datetime) -> Alert:
    """Condition is gte or lte. Raises NotFound for an unknown symbol, Conflict when the user has too many alerts."""
    code = symbols.get(session, symbol).symbol
    # One at a time for each user: two at once must not both be the last that fits.
    session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))
    # Those that fired count too, or arming them again would go round the limit.
    if (session.scalar(select(func.count()).where(Alert.user_id == user_id)) or 0) >= ALERTS_PER_USER:
        raise Conflict(ko.ALERT_LIMIT_REACHED, en.ALERT_LIMIT_REACHED, limit=ALERTS_PER_USER)
    alert = Alert(
        user_id=user_id, symbol=code, condition=condition, target_price=target_price, created_at=now, updated_at=now
    )
    session.add(alert)
    session.flush()
    return alert


def list_alerts(session: Session, user_id: int, *, limit: int, offset: int = 0) -> Sequence[Alert]:
    """Newest first."""
    mine = select(Alert).where(Alert.user_id == user_id)
    return session.scalars(mine.order_by(Alert.id.desc()).limit(limit).offset(offset)).all()


def get_alert(session: Session, user_id: int, alert_id: int) -> Alert:
    """Raises NotFound, also for somebody else's: ids must not tell what exists."""
    alert = session.scalar(select(Alert).where(Alert.id == alert_id, Alert.user_id == user_id))
    if alert is None:
        raise NotFound(ko.ALERT_NOT_FOUND, en.ALERT_NOT_FOUND)
    return alert


def newest_for_symbol(session: Session, user_id: int, symbol: str) -> Alert:
    """Raises NotFound."""
    mine = select(Alert).where(Alert.user_id == user_id, Alert.symbol == symbol.upper())
    alert = session.scalar(mine.order_by(Alert.id.desc()).limit(1))
    if alert is None:
        raise NotFound(ko.ALERT_FOR_SYMBOL_NOT_FOUND, en.ALERT_FOR_SYMBOL_NOT_FOUND)
    return alert


def change_alert(
    session: Session, user_id: int, alert_id: int, changes: Mapping[str, str | int | bool], now: datetime
) -> Alert:
    """Change condition, target_price or is_active; switching a fired alert on arms it again. Raises NotFound."""
    alert = session.scalar(select(Alert).where(Alert.id == alert_id, Alert.user_id == user_id).with_for_update())
    if alert is None:
        raise NotFound(ko.ALERT_NOT_FOUND, en.ALERT_NOT_FOUND)
    for name in ("condition", "target_price", "is_active"):
        if name in changes:
            setattr(alert, name, changes[name])
    alert.updated_at = now
    session.flush()
    return alert


def delete_alert(session: Session, user_id: int, alert_id: int) -> None:
    """Raises NotFound."""
    session.delete(get_alert(session, user_id, alert_id))
    session.flush()


def fire_due(session: Session, now: datetime) -> int:
    """Fire every waiting alert whose target a fresh quote has reached; return how many.

    One statement decides, so the cost follows the alerts that fire, not those that wait. The messages are written
    in the same transaction; those of a user without a chat are parked until one is linked.
    """
    fired = session.execute(
        update(Alert)
        .where(
            Alert.is_active,  # also here: a second evaluator that waited for the row must see that it has fired
            Alert.id.in_(
                union_all(
                    _reached(session, "gte", Alert.target_price <= Quote.price, now),
                    _reached(session, "lte", Alert.target_price >= Quote.price, now),
                )
            ),
            select(User.is_active).where(User.id == Alert.user_id).scalar_subquery(),
            Quote.symbol == Alert.symbol,
        )
        .values(is_active=False, firings=Alert.firings + 1, fired_at=now, fired_price=Quote.price, updated_at=now)
        .returning(
            Alert.id, Alert.user_id, Alert.symbol, Alert.condition, Alert.target_price, Alert.firings, Alert.fired_price
        ),
        execution_options={"synchronize_session": False},
    ).all()
    written = sum(_write_messages(session, batch, now) for batch in _batches(fired))
    if written != len(fired):
        log.error("%d alerts fired, but only %d messages were new", len(fired), written)
    if fired:
        log.info("%d alerts fired", len(fired))
    return len(fired)


def _reached(session: Session, condition: str, reached: ColumnElement[bool], now: datetime) -> Select[int]:
    """Ids of the waiting alerts: for each fresh quote one range of the index.

    Left to themselves both databases read all alerts, because they cannot know how few a price reaches.
    """
    waiting = (Alert.is_active, Alert.symbol == Quote.symbol, Alert.condition == condition, reached)
    fresh = (Quote.fresh_until > now, Quote.price > 0, ~Quote.halted)
    if session.get_bind().dialect.name == "sqlite":
        # SQLite keeps the order of an outer join; the NULLs of quotes that reach nothing are in no list of ids.
        return select(Alert.id).select_from(Quote).outerjoin(Alert, and_(*waiting)).where(*fresh)
    # OFFSET 0 is PostgreSQL's fence: the subquery is not merged into a hash join over everything.
    found = select(Alert.id).where(*waiting).correlate(Quote).offset(0).lateral()
    return select(found.c.id).select_from(Quote).join(found, true()).where(*fresh)


def _write_messages(session: Session, fired: Sequence[Any], now: datetime) -> int:
    chats = _column(session, User.id, User.telegram_chat_id, {row.user_id for row in fired})
    names = _column(session, Symbol.symbol, Symbol.name, {row.symbol for row in fired})
    rows = [
        {
            "dedup_key": f"alert:{row.id}:{row.firings}",
            "user_id": row.user_id,
            "chat_id": chats.get(row.user_id),
            "status": "pending" if chats.get(row.user_id) else "parked",
            "kind": KIND,
            "priority": ALERT_PRIORITY,
            "payload": {
                "alert_id": row.id,
                "symbol": row.symbol,
                "name": names[row.symbol],
                "condition": row.condition,
                "target_price": row.target_price,
                "price": row.fired_price,
                "fired_at": now.isoformat(),
            },
            "attempts": 0,
            "ambiguous_attempts": 0,
            "created_at": now,
        }
        for row in fired
    ]
    new = insert(session, Message).on_conflict_do_nothing(index_elements=["dedup_key"])
    return len(session.scalars(new.returning(Message.id), rows).all())


def _column(session: Session, key: Any, value: Any, wanted: set[Any]) -> dict[Any, Any]:
    return {row[0]: row[1] for row in session.execute(select(key, value).where(key.in_(wanted)))}


def _batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    """Both databases limit the parameters of one statement."""
    iterator = iter(rows)
    while batch := list(islice(iterator, ROWS_AT_ONCE)):
        yield batch
