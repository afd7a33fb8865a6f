"""The timetable, for administrators: what ran, and asking for a run."""

from collections.abc import Sequence
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from app.api.dependencies import CurrentAdmin, Now, Transaction
from app.models import JobRun
from app.services import jobs
from app.texts import ko

router = APIRouter(prefix="/admin/schedule", tags=["admin"])


class RunRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    job: str
    slot: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str
    detail: str


class Status(BaseModel):
    jobs: list[str]
    latest_runs: list[RunRead]


class Requested(BaseModel):
    job_id: str
    message: str
    request_id: int
    triggered_at: datetime


@router.get("/status")
def status(_admin: CurrentAdmin, session: Transaction) -> Status:
    latest: Sequence[JobRun] = jobs.latest_runs(session)
    return Status(jobs=list(jobs.NAMES), latest_runs=[RunRead.model_validate(run) for run in latest])


@router.post("/trigger/{job_id}")
def trigger(job_id: str, admin: CurrentAdmin, session: Transaction, now: Now) -> Requested:
    """Returns at once; the scheduler takes the request within seconds."""
    asked = jobs.request(session, job_id, admin.username, now)
    return Requested(
        job_id=asked.job,
        message=ko.JOB_REQUESTED.format(job=asked.job),
        request_id=asked.id,
        triggered_at=asked.requested_at,
    )
