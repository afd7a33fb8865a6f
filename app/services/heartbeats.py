"""Signs of life: a row for `/ready`, a file for the container's health check."""

import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Heartbeat
from app.services.inserting import insert

log = logging.getLogger(__name__)


def beat(session: Session, part: str, now: datetime, status: str = "ok", detail: str = "") -> None:
    """Status is ok, failed, disabled or starting."""
    values = {"beat_at": now, "status": status, "detail": detail[:500]}
    session.execute(
        insert(session, Heartbeat)
        .values(part=part, **values)
        .on_conflict_do_update(index_elements=["part"], set_=values)
    )


def touch(folder: Path, part: str) -> None:
    """To be called only while the part's real work succeeds. A folder that refuses shows as an unhealthy part."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / part).touch()
    except OSError as error:
        log.warning("HEARTBEAT_DIR cannot be written: %s", error.strerror)


def latest(session: Session) -> Sequence[Heartbeat]:
    return session.scalars(select(Heartbeat)).all()
