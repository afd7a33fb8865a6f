"""symbols: what can be watched."""

from datetime import datetime

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.table import SYMBOL_LENGTH, Table


class Symbol(Table):
    __tablename__ = "symbols"
    __table_args__ = (CheckConstraint("length(symbol) = 6", name="symbol"),)

    symbol: Mapped[str] = mapped_column(String(SYMBOL_LENGTH), primary_key=True)
    name: Mapped[str] = mapped_column(String(100), index=True)
    market: Mapped[str | None] = mapped_column(String(20))
    updated_at: Mapped[datetime]
