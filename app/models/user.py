"""app_users: the people of the service."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.table import NEVER_REUSE_IDS, Id, Table


class User(Table):
    """Made by the API (with a password) or by the bot (with a chat); linking gives an account both."""

    __tablename__ = "app_users"
    __table_args__ = (
        CheckConstraint("role IN ('user', 'admin')", name="role"),
        NEVER_REUSE_IDS,
    )

    id: Mapped[Id]
    username: Mapped[str] = mapped_column(String(50), unique=True)
    email: Mapped[str | None] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(255))
    display_name: Mapped[str | None] = mapped_column(String(100))
    role: Mapped[str] = mapped_column(String(10), default="user")
    is_active: Mapped[bool] = mapped_column(default=True)
    token_version: Mapped[int] = mapped_column(default=0)
    telegram_chat_id: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    chat_unreachable_since: Mapped[datetime | None]
    wants_messages: Mapped[bool] = mapped_column(default=True)
    language: Mapped[str] = mapped_column(String(2), default="ko")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
