"""What the scheduler did, and what it was asked to do by hand."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.models import JobRequest, JobRun
from app.services.inserting import insert
from app.texts import en, ko

CHECK_ALERTS = "check_price_alerts_job"
UPDATE_SYMBOLS = "update_stock_master_job"
UPDATE_DAILY_PRICES = "update_daily_price_job"
NAMES = (CHECK_ALERTS, UPDATE_SYMBOLS, UPDATE_DAILY_PRICES)

RUNS_KEPT = 200


def start_run(session: Session, job: str, slot: str, now: datetime) -> int | None:
    """The run's id; None when this slot was started already, here or elsewhere. A failed slot starts again."""
    new = insert(session, JobRun).values(job=job, slot=slot, started_at=now, outcome="running", detail="")
    run: int | None = session.scalar(
        new.on_conflict_do_update(
            index_elements=["job", "slot"],
            set_={"started_at": now, "finished_at": None, "outcome": "running", "detail": ""},
            where=JobRun.outcome == "failed",
        ).returning(JobRun.id)
    )
    return run


def abandon_runs(session: Session, now: datetime) -> int:
    """Mark what a dead scheduler left running as failed, so its slot can start again. Only for the new leader."""
    left = update(JobRun).where(JobRun.outcome == "running")
    values = {"outcome": "failed", "detail": "interrupted", "finished_at": now}
    return len(session.scalars(left.values(values).returning(JobRun.id)).all())


def finish_run(session: Session, run_id: int, outcome: str, detail: str, now: datetime) -> None:
    """Outcome is ok or failed. Also forgets the job's oldest runs."""
    job = session.scalar(
        update(JobRun)
        .where(JobRun.id == run_id)
        .values(outcome=outcome, detail=detail[:500], finished_at=now)
        .returning(JobRun.job)
    )
    kept = select(JobRun.id).where(JobRun.job == job).order_by(JobRun.id.desc()).offset(RUNS_KEPT).limit(1)
    session.execute(delete(JobRun).where(JobRun.job == job, JobRun.id <= kept.scalar_subquery()))


def latest_runs(session: Session) -> Sequence[JobRun]:
    """The last finished run of each job."""
    newest = select(func.max(JobRun.id)).where(JobRun.finished_at.is_not(None)).group_by(JobRun.job)
    return session.scalars(select(JobRun).where(JobRun.id.in_(newest)).order_by(JobRun.job)).all()


def request(session: Session, job: str, requested_by: str, now: datetime) -> JobRequest:
    """Ask the scheduler for a run. A job that waits already is not queued twice. Raises NotFound."""
    if job not in NAMES:
        raise NotFound(ko.JOB_NOT_FOUND, en.JOB_NOT_FOUND, job=job[:50])
    waiting = session.scalar(select(JobRequest).where(JobRequest.job == job, JobRequest.taken_at.is_(None)).limit(1))
    if waiting:
        return waiting
    asked = JobRequest(job=job, requested_by=requested_by[:100], requested_at=now)
    session.add(asked)
    session.flush()
    return asked


def take_request(session: Session, now: datetime) -> JobRequest | None:
    """The oldest open request, now taken; None when there is none."""
    oldest = select(JobRequest.id).where(JobRequest.taken_at.is_(None)).order_by(JobRequest.id).limit(1)
    return session.scalar(
        update(JobRequest)
        .where(JobRequest.id == oldest.scalar_subquery(), JobRequest.taken_at.is_(None))
        .values(taken_at=now)
        .returning(JobRequest)
    )


def note_run_of_request(session: Session, request_id: int, run_id: int) -> None:
    session.execute(update(JobRequest).where(JobRequest.id == request_id).values(run_id=run_id))
