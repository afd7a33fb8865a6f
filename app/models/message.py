"""outbox: every message to a chat, from the transaction that caused it to Telegram's answer."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Identity, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.table import NEVER_REUSE_IDS, Table

STATUSES = ("pending", "leased", "sent", "parked", "dead", "unknown")
REPLY_PRIORITY = 0
ALERT_PRIORITY = 10
PENDING = text("status = 'pending'")
LEASED = text("status = 'leased'")


class Message(Table):
    """Written with the change it tells of; `dedup_key` makes a second writer's row impossible.

    `pending` waits for a sender; `leased` belongs to `worker` until `lease_until`; `sent` was acknowledged.
    `parked` waits for its chat: not linked yet, blocked, or opted out. `dead` was refused for good. `unknown` may have
    arrived, and was repeated as often as allowed.
    A leased row without `sending_at` was surely not sent; one with it may have been.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint(f"status IN {STATUSES}", name="status"),
        Index("ix_outbox_pending", "priority", "id", sqlite_where=PENDING, postgresql_where=PENDING),
        Index("ix_outbox_leased", "lease_until", sqlite_where=LEASED, postgresql_where=LEASED),
        Index(None, "chat_id", "status"),
        Index(None, "user_id", "id"),
        NEVER_REUSE_IDS,
    )

    # Not `Id`: a queue's numbers outlive 2**31, and SQLite numbers only INTEGER columns.
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), Identity(start=1), primary_key=True)
    dedup_key: Mapped[str] = mapped_column(String(200), unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("app_users.id", ondelete="CASCADE"))
    chat_id: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(50))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    priority: Mapped[int] = mapped_column(default=ALERT_PRIORITY)
    not_before: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(String(10), default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    ambiguous_attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    worker: Mapped[str | None] = mapped_column(String(100))
    sending_at: Mapped[datetime | None]
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    last_error: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
