"""price_alerts: who wants to hear of which price."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.table import NEVER_REUSE_IDS, Id, SymbolCode, Table, UserId


class Alert(Table):
    """Fires once, when the price is `gte` or `lte` the target; `firings` makes each firing's message unique."""

    __tablename__ = "price_alerts"
    __table_args__ = (
        CheckConstraint("condition IN ('gte', 'lte')", name="condition"),
        CheckConstraint("target_price > 0", name="target_price"),
        # What the evaluation walks: the waiting alerts of one symbol in the order of their targets.
        Index(
            "ix_price_alerts_waiting",
            "symbol",
            "condition",
            "target_price",
            sqlite_where=text("is_active = 1"),  # as SQLAlchemy writes the condition, or SQLite passes the index by
            postgresql_where=text("is_active"),
        ),
        Index(None, "user_id", "id"),
        NEVER_REUSE_IDS,
    )

    id: Mapped[Id]
    user_id: Mapped[UserId]
    symbol: Mapped[SymbolCode]
    condition: Mapped[str] = mapped_column(String(3))
    target_price: Mapped[int]
    is_active: Mapped[bool] = mapped_column(default=True)
    firings: Mapped[int] = mapped_column(default=0)
    fired_at: Mapped[datetime | None]
    fired_price: Mapped[int | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
