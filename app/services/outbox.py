"""The outbox: messages wait here until Telegram has them; nothing in it is ever dropped silently."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, func, literal, or_, select, update
from sqlalchemy.orm import Session

from app.models import BotState, Message, User
from app.models.message import ALERT_PRIORITY, REPLY_PRIORITY
from app.services.inserting import insert

RESENDS = 2  # of a message that may already have arrived
RESEND_AFTER = (timedelta(seconds=3), timedelta(seconds=20))
LOOK_AHEAD = 200
PRUNED_AT_ONCE = 5000  # rows of one transaction: nobody waits long for it
LATE_AFTER = timedelta(minutes=10)

_HOLD_KEY = "hold_until"
_UNLEASED: dict[str, Any] = {"worker": None, "lease_until": None, "sending_at": None}


@dataclass(frozen=True)
class Leased:
    """One message in a sender's hands."""

    id: int
    chat_id: int
    kind: str
    payload: Mapping[str, Any]
    priority: int
    language: str
    is_repeat: bool
    """It may have arrived before: a copy must be marked as one."""
    is_late: bool
    attempts: int
    created_at: datetime


@dataclass(frozen=True)
class Backlog:
    by_status: Mapping[str, int]
    oldest_pending_s: float

    def count(self, status: str) -> int:
        return self.by_status.get(status, 0)


def add(
    session: Session,
    *,
    dedup_key: str,
    kind: str,
    payload: Mapping[str, Any],
    now: datetime,
    chat_id: int | None,
    user_id: int | None = None,
    priority: int = ALERT_PRIORITY,
    expires_at: datetime | None = None,
) -> bool:
    """False when a message with this key is there already. Without a chat it waits until the user has one."""
    values = {
        "dedup_key": dedup_key,
        "kind": kind,
        "payload": dict(payload),
        "chat_id": chat_id,
        "user_id": user_id,
        "priority": priority,
        "expires_at": expires_at,
        "status": "parked" if chat_id is None else "pending",
        "attempts": 0,
        "ambiguous_attempts": 0,
        "created_at": now,
    }
    new = insert(session, Message).values(values).on_conflict_do_nothing(index_elements=["dedup_key"])
    return session.scalar(new.returning(Message.id)) is not None


def is_known(session: Session, dedup_key: str) -> bool:
    return session.scalar(select(Message.id).where(Message.dedup_key == dedup_key)) is not None


# -- taking messages


def has_work(session: Session, now: datetime) -> bool:
    """Whether `recover` or `claim` would find anything; takes no lock."""
    due = _is_due(now)
    expired = and_(_is("leased"), Message.lease_until < now)
    return any(session.scalar(select(Message.id).where(condition).limit(1)) for condition in (due, expired))


def recover(session: Session, now: datetime) -> int:
    """Take back what a dead sender held; returns how many may have been sent already."""
    expired = (_is("leased"), Message.lease_until < now)
    session.execute(update(Message).where(*expired, Message.sending_at.is_(None)).values(status="pending", **_UNLEASED))
    doubtful = session.scalars(select(Message.id).where(*expired).with_for_update(skip_locked=True)).all()
    error = "the sender stopped between sending and hearing the answer"
    for message_id in doubtful:
        _count_doubt(session, [Message.id == message_id, *expired], now, error, wait=False)
    return len(doubtful)


def claim(
    session: Session, worker: str, now: datetime, *, lease: timedelta, limit: int, resting_chats: Collection[int] = ()
) -> list[Leased]:
    """At most one message per chat, the most urgent; those whose chat cannot take them now are parked instead."""
    rows = session.execute(
        select(Message, User.language, User.wants_messages, User.chat_unreachable_since, User.is_active)
        .outerjoin(User, User.id == Message.user_id)
        .where(_is_due(now), or_(Message.chat_id.is_(None), Message.chat_id.not_in(resting_chats)))
        .order_by(Message.priority, Message.id)
        .limit(LOOK_AHEAD)
        .with_for_update(of=Message, skip_locked=True)
    ).all()
    chosen: dict[int | None, Leased] = {}
    for message, language, wants, unreachable_since, is_active in rows:
        obstacle = _obstacle(message, wants, unreachable_since, is_active)
        if obstacle:
            message.status, message.last_error = "parked", obstacle
        elif len(chosen) < limit and message.chat_id not in chosen:
            chosen[message.chat_id] = _lease(message, worker, now, lease, language or "ko")
    session.flush()
    return list(chosen.values())


def renew(session: Session, worker: str, ids: Collection[int], lease_until: datetime) -> set[int]:
    """Keep what is still ours; returns that."""
    if not ids:
        return set()
    ours = update(Message).where(Message.id.in_(ids), _is_held_by(worker)).values(lease_until=lease_until)
    return set(session.scalars(ours.returning(Message.id)))


def begin(session: Session, worker: str, row_id: int, now: datetime, lease: timedelta) -> bool:
    """Write down that the request is about to leave. False when the lease was lost: then it must not."""
    return _settle(session, worker, row_id, Message.lease_until > now, sending_at=now, lease_until=now + lease)


# -- giving them back; each is fenced: a sender that lost its lease changes nothing and gets False


def mark_sent(session: Session, worker: str, row_id: int, now: datetime, telegram_id: int) -> bool:
    return _settle(
        session,
        worker,
        row_id,
        status="sent",
        sent_at=now,
        message_id=telegram_id,
        last_error=None,
        worker=None,
        lease_until=None,
    )


def give_back(
    session: Session,
    worker: str,
    row_id: int,
    *,
    not_before: datetime | None = None,
    error: str | None = None,
    was_attempt: bool = False,
) -> bool:
    """It was surely not sent: to be sent again, unmarked."""
    return _settle(
        session,
        worker,
        row_id,
        status="pending",
        attempts=Message.attempts - (0 if was_attempt else 1),
        not_before=not_before,
        last_error=error,
        **_UNLEASED,
    )


def doubt(session: Session, worker: str, row_id: int, now: datetime, error: str) -> bool:
    """It may have arrived: repeat it, marked, at most RESENDS times; then it stays `unknown` for people to see."""
    return _count_doubt(session, [Message.id == row_id, _is_held_by(worker)], now, error, wait=True)


def bury(session: Session, worker: str, row_id: int, error: str) -> bool:
    """It can never be sent; it stays as `dead` for people to see."""
    return _settle(session, worker, row_id, status="dead", last_error=error[:500], worker=None, lease_until=None)


def make_plain(session: Session, worker: str, row_id: int, error: str) -> bool:
    """Telegram could not read the markup: once more, without any."""
    payload = session.scalar(select(Message.payload).where(Message.id == row_id)) or {}
    return _settle(
        session,
        worker,
        row_id,
        status="pending",
        payload={**payload, "is_plain": True},
        last_error=error[:500],
        **_UNLEASED,
    )


def split(session: Session, worker: str, row_id: int, parts: Sequence[str], now: datetime) -> bool:
    """Replace a message that is too long: its row becomes the first part, new rows carry the others."""
    whole = session.get_one(Message, row_id)
    first = _settle(session, worker, row_id, status="pending", kind="text", payload={"text": parts[0]}, **_UNLEASED)
    if first:
        for number, part in enumerate(parts[1:], start=2):
            add(
                session,
                dedup_key=f"{whole.dedup_key[:180]}/{number}",
                kind="text",
                payload={"text": part},
                now=now,
                chat_id=whole.chat_id,
                user_id=whole.user_id,
                priority=whole.priority,
            )
    return first


# -- chats


def close_chat(session: Session, chat_id: int, now: datetime, reason: str) -> int:
    """The chat takes no messages: its waiting ones are parked until it opens; returns how many."""
    session.execute(update(User).where(User.telegram_chat_id == chat_id).values(chat_unreachable_since=now))
    parked = (
        update(Message)
        .where(Message.chat_id == chat_id, Message.status == "pending")
        .values(status="parked", last_error=reason[:500])
    )
    return len(session.scalars(parked.returning(Message.id)).all())


def park(session: Session, worker: str, row_id: int, error: str) -> bool:
    return _settle(session, worker, row_id, status="parked", last_error=error[:500], **_UNLEASED)


def open_chat(session: Session, chat_id: int) -> int:
    """The chat speaks to us again: what was parked for it goes out; returns how many."""
    session.execute(update(User).where(User.telegram_chat_id == chat_id).values(chat_unreachable_since=None))
    opened = (
        update(Message)
        .where(Message.chat_id == chat_id, Message.status == "parked")
        .values(status="pending", not_before=None)
    )
    return len(session.scalars(opened.returning(Message.id)).all())


def move_chat(session: Session, old_id: int, new_id: int, now: datetime) -> None:
    """A group became a supergroup: everything that waits for it, and its account, follow."""
    session.execute(
        update(Message)
        .where(Message.chat_id == old_id, Message.status.in_(("pending", "parked", "leased")))
        .values(chat_id=new_id)
    )
    is_taken = session.scalar(select(User.id).where(User.telegram_chat_id == new_id))
    if is_taken is None:
        session.execute(
            update(User).where(User.telegram_chat_id == old_id).values(telegram_chat_id=new_id, updated_at=now)
        )


# -- what the sender must remember over a restart


def store_hold(session: Session, until: datetime) -> None:
    """Telegram's retry_after can be hours; a restart must not forget it. Never shortens one that is stored."""
    stored = load_hold(session)
    if stored is None or stored < until:
        value = {"value": until.isoformat()}
        new = insert(session, BotState).values(key=_HOLD_KEY, **value)
        session.execute(new.on_conflict_do_update(index_elements=["key"], set_=value))


def load_hold(session: Session) -> datetime | None:
    value = session.scalar(select(BotState.value).where(BotState.key == _HOLD_KEY))
    return datetime.fromisoformat(value) if value else None


# -- for people and checks


def backlog(session: Session, now: datetime) -> Backlog:
    """How many messages in which state, and how long the oldest has been waiting though it was due."""
    counts = session.execute(select(Message.status, func.count()).group_by(Message.status))
    oldest = session.scalar(select(func.min(Message.created_at)).where(_is_due(now)))
    return Backlog({row[0]: row[1] for row in counts}, (now - oldest).total_seconds() if oldest else 0.0)


def waiting(session: Session, now: datetime) -> str:
    """One line for `/ready`; empty when nothing waits. Costs what waits, not what was ever sent."""
    count, oldest = session.execute(select(func.count(), func.min(Message.created_at)).where(_is_due(now))).one()
    return f"{count} messages wait, the oldest for {(now - oldest).total_seconds():.0f} s" if count else ""


def statuses(session: Session, dedup_keys: Collection[str]) -> dict[str, str]:
    """How far each message is; keys that are not there are left out."""
    found = session.execute(select(Message.dedup_key, Message.status).where(Message.dedup_key.in_(dedup_keys)))
    return {row[0]: row[1] for row in found}


def prune(session: Session, before: datetime, *, limit: int = PRUNED_AT_ONCE) -> int:
    """Forget what was sent before then, the oldest first; returns how much. The rest stays for people to see."""
    old = select(Message.id).where(Message.status == "sent", Message.sent_at < before).order_by(Message.id).limit(limit)
    return session.connection().execute(delete(Message).where(Message.id.in_(old))).rowcount


def _is_due(now: datetime) -> Any:
    return and_(_is("pending"), or_(Message.not_before.is_(None), Message.not_before <= now))


def _is(status: str) -> Any:
    """Written into the statement: a partial index does not help a parameter."""
    return Message.status == literal(status, literal_execute=True)


def _is_held_by(worker: str) -> Any:
    return and_(Message.worker == worker, Message.status == "leased")


def _obstacle(message: Message, wants: bool | None, unreachable_since: datetime | None, is_active: bool | None) -> str:
    if message.chat_id is None:
        return "no chat is linked"
    if message.priority == REPLY_PRIORITY:
        return ""  # somebody has just written to us
    if unreachable_since:
        return "the chat does not take messages"
    if wants is False:
        return "the user switched messages off"
    if is_active is False:
        return "the account is disabled"
    return ""


def _lease(message: Message, worker: str, now: datetime, lease: timedelta, language: str) -> Leased:
    message.status, message.worker, message.lease_until = "leased", worker, now + lease
    message.attempts += 1
    assert message.chat_id is not None  # the others were parked
    late_at = message.expires_at or message.created_at + LATE_AFTER
    return Leased(
        message.id,
        message.chat_id,
        message.kind,
        message.payload,
        message.priority,
        language,
        is_repeat=message.ambiguous_attempts > 0,
        is_late=message.priority != REPLY_PRIORITY and late_at < now,
        attempts=message.attempts,
        created_at=message.created_at,
    )


def _settle(session: Session, me: str, row_id: int, *also: Any, **values: Any) -> bool:
    fenced = update(Message).where(Message.id == row_id, _is_held_by(me), *also).values(**values)
    return session.scalar(fenced.returning(Message.id)) is not None


def _count_doubt(session: Session, conditions: Sequence[Any], now: datetime, error: str, *, wait: bool) -> bool:
    message = session.scalar(select(Message).where(*conditions).with_for_update())
    if message is None:
        return False
    message.ambiguous_attempts += 1
    message.last_error = error[:500]
    message.worker = message.lease_until = message.sending_at = None
    if message.ambiguous_attempts > RESENDS:
        message.status = "unknown"
    else:
        message.status = "pending"
        message.not_before = now + RESEND_AFTER[message.ambiguous_attempts - 1] if wait else None
    session.flush()
    return True
