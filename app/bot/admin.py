"""Commands of administrators; who is one is checked before any of them runs."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.bot.replies import Asked, Reply
from app.models import User
from app.services import outbox


def stats(session: Session, asked: Asked) -> Reply:
    backlog = outbox.backlog(session, asked.now)
    text = asked.words.BOT_STATS.format(
        users=session.scalar(select(func.count()).select_from(User)),
        oldest_s=round(backlog.oldest_pending_s),
        pending=backlog.count("pending") + backlog.count("leased"),
        **{status: backlog.count(status) for status in ("sent", "parked", "unknown", "dead")},
    )
    return Reply(text)
