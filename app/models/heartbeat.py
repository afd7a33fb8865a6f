"""heartbeats: when each process last did its real work."""

from datetime import datetime

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.table import Table


class Heartbeat(Table):
    __tablename__ = "heartbeats"
    __table_args__ = (CheckConstraint("status IN ('ok', 'failed', 'disabled', 'starting')", name="status"),)

    part: Mapped[str] = mapped_column(String(20), primary_key=True)
    beat_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(10))
    detail: Mapped[str] = mapped_column(String(500), default="")
