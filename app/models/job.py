"""job_runs and job_requests: what the scheduler did, and what it was asked to do."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.table import NEVER_REUSE_IDS, Id, Table


class JobRun(Table):
    """(job, slot) is unique: two schedulers cannot both run the same hour. No `finished_at`: it died on the way."""

    __tablename__ = "job_runs"
    __table_args__ = (
        UniqueConstraint("job", "slot"),
        CheckConstraint("outcome IN ('running', 'ok', 'failed')", name="outcome"),
        Index(None, "job", "started_at"),
        NEVER_REUSE_IDS,
    )

    id: Mapped[Id]
    job: Mapped[str] = mapped_column(String(50))
    slot: Mapped[str] = mapped_column(String(50))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(10), default="running")
    detail: Mapped[str] = mapped_column(String(500), default="")


class JobRequest(Table):
    """A run that somebody asked for by hand, through any door."""

    __tablename__ = "job_requests"
    __table_args__ = (NEVER_REUSE_IDS,)

    id: Mapped[Id]
    job: Mapped[str] = mapped_column(String(50))
    requested_by: Mapped[str] = mapped_column(String(100))
    requested_at: Mapped[datetime]
    taken_at: Mapped[datetime | None] = mapped_column(index=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("job_runs.id", ondelete="SET NULL"))
