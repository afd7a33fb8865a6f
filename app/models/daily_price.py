"""daily_prices: one candle per symbol and trading day."""

import datetime as dt

from sqlalchemy import BigInteger, CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.table import Id, SymbolCode, Table


class DailyPrice(Table):
    """Prices in won; `date` is the trading day in Korea."""

    __tablename__ = "daily_prices"
    __table_args__ = (
        UniqueConstraint("symbol", "date"),
        CheckConstraint("low >= 0 AND high >= low AND volume >= 0", name="range"),
    )

    id: Mapped[Id]
    symbol: Mapped[SymbolCode]
    date: Mapped[dt.date]
    open: Mapped[int]
    high: Mapped[int]
    low: Mapped[int]
    close: Mapped[int]
    volume: Mapped[int] = mapped_column(BigInteger)
