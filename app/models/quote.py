"""quotes: the latest price of each symbol."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.table import SymbolCode, Table


class Quote(Table):
    """One row per symbol, in won. Only until `fresh_until` may it fire an alert."""

    __tablename__ = "quotes"
    __table_args__ = (
        CheckConstraint("price >= 0", name="price"),
        CheckConstraint("base_price >= 0", name="base_price"),
    )

    symbol: Mapped[SymbolCode] = mapped_column(primary_key=True)
    price: Mapped[int]
    base_price: Mapped[int | None]
    traded_at: Mapped[datetime]
    received_at: Mapped[datetime]
    fresh_until: Mapped[datetime]
    halted: Mapped[bool] = mapped_column(default=False)
