"""Paper trading: buying, selling what is held, and how it went."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app.errors import AppError
from app.models import Trade, User
from app.services import symbols
from app.texts import en, ko

LARGEST_POSITION = 1_000_000_000


@dataclass(frozen=True)
class Statistics:
    """Profit in won; the win rate is profitable trades in all trades, purchases counted, in percent."""

    total_trades: int
    total_profit_loss: int
    profitable_trades: int
    win_rate: float


def record(
    session: Session, user_id: int, symbol: str, trade_type: str, price: int, quantity: int, now: datetime
) -> Trade:
    """Raises NotFound for an unknown symbol, AppError for selling more than is held."""
    code = symbols.get(session, symbol).symbol
    # One trade at a time for each user: two sales at once must not both see the same holdings.
    session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))
    held, cost = _position(session, user_id, code)
    trade = Trade(user_id=user_id, symbol=code, trade_type=trade_type, price=price, quantity=quantity, traded_at=now)
    if trade_type == "buy":
        trade.position_quantity, trade.position_cost = held + quantity, cost + price * quantity
    else:
        _sell(trade, held, cost)
    if trade.position_quantity > LARGEST_POSITION:
        raise AppError(ko.TRADE_POSITION_TOO_LARGE, en.TRADE_POSITION_TOO_LARGE, limit=LARGEST_POSITION)
    session.add(trade)
    session.flush()
    return trade


def history(session: Session, user_id: int, *, limit: int, offset: int = 0) -> Sequence[Trade]:
    """Newest first."""
    mine = select(Trade).where(Trade.user_id == user_id)
    return session.scalars(mine.order_by(Trade.id.desc()).limit(limit).offset(offset)).all()


def statistics(session: Session, user_id: int) -> Statistics:
    profit = func.coalesce(func.sum(Trade.profit_loss), 0)
    profitable = func.coalesce(func.sum(case((Trade.profit_loss > 0, 1), else_=0)), 0)
    total, earned, won = session.execute(select(func.count(), profit, profitable).where(Trade.user_id == user_id)).one()
    return Statistics(total, int(earned), int(won), round(100 * int(won) / total, 2) if total else 0.0)


def _position(session: Session, user_id: int, symbol: str) -> tuple[int, int]:
    """Shares held and what they cost; both are on the latest trade."""
    latest = select(Trade.position_quantity, Trade.position_cost).where(
        Trade.user_id == user_id, Trade.symbol == symbol
    )
    row = session.execute(latest.order_by(Trade.id.desc()).limit(1)).one_or_none()
    return (row[0], row[1]) if row else (0, 0)


def _sell(trade: Trade, held: int, cost: int) -> None:
    """At average cost; the last share takes what rounding left."""
    if trade.quantity > held:
        raise AppError(ko.TRADE_EXCEEDS_HOLDINGS, en.TRADE_EXCEEDS_HOLDINGS, held=held)
    trade.cost_of_sale = cost * trade.quantity // held
    trade.profit_loss = trade.price * trade.quantity - trade.cost_of_sale
    trade.position_quantity, trade.position_cost = held - trade.quantity, cost - trade.cost_of_sale
