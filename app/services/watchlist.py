"""The symbols a user keeps an eye on."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.models import WatchedSymbol
from app.services import symbols
from app.services.inserting import insert


def add(session: Session, user_id: int, symbol: str, now: datetime) -> bool:
    """False when it was there already. Raises NotFound for an unknown symbol."""
    code = symbols.get(session, symbol).symbol
    new = insert(session, WatchedSymbol).values(user_id=user_id, symbol=code, created_at=now)
    return session.scalar(new.on_conflict_do_nothing().returning(WatchedSymbol.symbol)) is not None


def remove(session: Session, user_id: int, symbol: str) -> bool:
    """False when it was not there."""
    mine = delete(WatchedSymbol).where(WatchedSymbol.user_id == user_id, WatchedSymbol.symbol == symbol.upper())
    return session.scalar(mine.returning(WatchedSymbol.symbol)) is not None


def list_symbols(session: Session, user_id: int, *, limit: int, offset: int = 0) -> Sequence[str]:
    """In the order in which they were added."""
    mine = select(WatchedSymbol.symbol).where(WatchedSymbol.user_id == user_id)
    in_order = mine.order_by(WatchedSymbol.created_at, WatchedSymbol.symbol)
    return session.scalars(in_order.limit(limit).offset(offset)).all()
