"""watchlist: the symbols a user keeps an eye on."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from app.models.table import SymbolCode, Table, UserId


class WatchedSymbol(Table):
    __tablename__ = "watchlist"

    user_id: Mapped[UserId] = mapped_column(primary_key=True, autoincrement=False)
    symbol: Mapped[SymbolCode] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
