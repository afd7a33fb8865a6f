"""Live and ready, which are two questions."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app import clock, db
from app.api.answers import Answer
from app.api.lame_duck import LameDuck
from app.models import Heartbeat
from app.services import heartbeats, jobs
from app.settings import Settings, load_settings
from app.texts import ko

router = APIRouter(tags=["health"])

State = Literal["ok", "failed", "disabled", "starting"]
SHORTEST_SILENCE_S = 60.0
TICKS_MISSED = 3
# A process that has not been heard of may still be starting, as long as we are young ourselves.
STARTING_FOR_S = 60.0


class Health(BaseModel):
    status: str = "healthy"
    timestamp: datetime


class PartState(BaseModel):
    status: State
    detail: str = ""
    age_seconds: float | None = None


class JobState(BaseModel):
    last_run_at: datetime
    age_seconds: float
    outcome: str


class Readiness(BaseModel):
    status: Literal["ok", "degraded", "unavailable"]
    parts: dict[str, PartState]
    jobs: dict[str, JobState]


@router.get("/")
def root() -> Answer:
    return Answer(message=ko.SERVICE_RUNNING)


@router.get("/health")
def health() -> Health:
    return Health(timestamp=clock.now())


@router.get("/ready")
def ready(request: Request, response: Response) -> Readiness:
    """503 only when this process cannot serve: a sick bot is no reason for a proxy to drop the API."""
    readiness = _look(load_settings(), request.app.state.started_at, clock.now())
    lame_duck: LameDuck = request.app.state.lame_duck
    if lame_duck.is_leaving:
        readiness.status = "unavailable"
    if readiness.status == "unavailable":
        response.status_code = 503
    return readiness


def _look(settings: Settings, started_at: datetime, now: datetime) -> Readiness:
    try:
        with db.transaction(read_only=True) as session:
            session.execute(text("SELECT 1"))
            beats = {beat.part: beat for beat in heartbeats.latest(session)}
            job_states = _jobs(session, now)
    except SQLAlchemyError as error:
        failed = PartState(status="failed", detail=type(error).__name__)
        unknown = PartState(status="failed", detail="unknown while the database does not answer")
        parts = {"database": failed, "scheduler": unknown, "bot": unknown}
        return Readiness(status="unavailable", parts=parts, jobs={})
    silence_s = max(SHORTEST_SILENCE_S, TICKS_MISSED * settings.tick_seconds)
    young = (now - started_at).total_seconds() < STARTING_FOR_S
    parts = {
        "database": PartState(status="ok"),
        "scheduler": _part(beats.get("scheduler"), now, silence_s, young=young),
        "bot": _part(beats.get("bot"), now, silence_s, young=young),
    }
    # The bot says itself that it is off. Until then an API without the token believes it, but not for ever:
    # where each part has its own environment, the bot may have one and never have come up.
    if young and not settings.telegram_bot_token.get_secret_value() and "bot" not in beats:
        parts["bot"] = PartState(status="disabled", detail="no TELEGRAM_BOT_TOKEN")
    well = all(part.status in ("ok", "disabled") for part in parts.values())
    return Readiness(status="ok" if well else "degraded", parts=parts, jobs=job_states)


def _part(beat: Heartbeat | None, now: datetime, silence_s: float, *, young: bool) -> PartState:
    if beat is None:
        return PartState(status="starting" if young else "failed", detail="no sign of life yet")
    age_s = round((now - beat.beat_at).total_seconds(), 1)
    if age_s > silence_s:
        silent: State = "starting" if young else "failed"
        return PartState(status=silent, detail=f"silent for {age_s:.0f} s", age_seconds=age_s)
    return PartState.model_validate({"status": beat.status, "detail": beat.detail, "age_seconds": age_s})


def _jobs(session: Session, now: datetime) -> dict[str, JobState]:
    return {
        run.job: JobState(
            last_run_at=run.finished_at,
            age_seconds=round((now - run.finished_at).total_seconds(), 1),
            outcome=run.outcome,
        )
        for run in jobs.latest_runs(session)
        if run.finished_at
    }
