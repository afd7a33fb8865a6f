"""simulated_trades: paper trading."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.table import NEVER_REUSE_IDS, Id, SymbolCode, Table, UserId


class Trade(Table):
    """A trade and the position after it, so the next trade needs to read one row only. Won and shares."""

    __tablename__ = "simulated_trades"
    __table_args__ = (
        CheckConstraint("trade_type IN ('buy', 'sell')", name="trade_type"),
        CheckConstraint("price > 0 AND quantity > 0", name="amounts"),
        CheckConstraint("position_quantity >= 0 AND position_cost >= 0", name="no_short_sale"),
        Index(None, "user_id", "symbol", "id"),
        NEVER_REUSE_IDS,
    )

    id: Mapped[Id]
    user_id: Mapped[UserId]
    symbol: Mapped[SymbolCode]
    trade_type: Mapped[str] = mapped_column(String(4))
    price: Mapped[int]
    quantity: Mapped[int]
    traded_at: Mapped[datetime]
    profit_loss: Mapped[int | None] = mapped_column(BigInteger)
    cost_of_sale: Mapped[int | None] = mapped_column(BigInteger)
    position_quantity: Mapped[int] = mapped_column(BigInteger)
    position_cost: Mapped[int] = mapped_column(BigInteger)
