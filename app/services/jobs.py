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
PRUNE = "prune_records_job"
NAMES = (CHECK_ALERTS, UPDATE_SYMBOLS, UPDATE_DAILY_PRICES, PRUNE)

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


def start_requested(session: Session, now: datetime) -> tuple[str, int] | None:
    """Take the oldest open request and start its run: the job and the run's id. None when there is no request."""
    oldest = select(JobRequest.id).where(JobRequest.taken_at.is_(None)).order_by(JobRequest.id).limit(1)
    taken = session.scalar(
        update(JobRequest)
        .where(JobRequest.id == oldest.scalar_subquery(), JobRequest.taken_at.is_(None))
        .values(taken_at=now)
        .returning(JobRequest)
    )
    if taken is None:
        return None
    taken.run_id = start_run(session, taken.job, f"request-{taken.id}", now)
    session.flush()
    return (taken.job, taken.run_id) if taken.run_id is not None else None


def prune(session: Session, before: datetime) -> int:
    """Forget the requests that were served before then; returns how many. Runs are forgotten when others finish."""
    return session.connection().execute(delete(JobRequest).where(JobRequest.taken_at < before)).rowcount
