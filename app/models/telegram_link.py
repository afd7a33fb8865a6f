"""telegram_links: one-time codes that tie an account to the chat that sends them."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.table import Table, UserId


class TelegramLink(Table):
    """At most one open code for an account; only its SHA-256 is stored."""

    __tablename__ = "telegram_links"

    user_id: Mapped[UserId] = mapped_column(primary_key=True, autoincrement=False)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]
