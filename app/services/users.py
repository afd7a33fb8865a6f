"""Accounts, and tying them to a Telegram chat."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import AppError, NotFound
from app.models import Alert, Message, TelegramLink, User, WatchedSymbol
from app.services import outbox
from app.services.inserting import insert
from app.texts import en, ko

CHAT_ACCOUNT_PREFIX = "tg_"
LINK_CODE_LIFETIME = timedelta(minutes=15)
LINK_CODE_LENGTH = 10
WAITING = ("pending", "parked")
LINK_CODE_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # none that is mistaken for another


def register(session: Session, username: str, email: str, password_hash: str, now: datetime) -> User:
    """Raises AppError (400) when the name or the address is taken. The role is never input."""
    if username.lower().startswith(CHAT_ACCOUNT_PREFIX):
        raise AppError(en.USERNAME_OR_EMAIL_TAKEN)
    user = User(username=username, email=email.lower(), password_hash=password_hash, created_at=now, updated_at=now)
    return _add(session, user)


def register_chat(session: Session, telegram_id: int, chat_id: int, name: str, now: datetime) -> User:
    """The account of this chat, made on the first call; it has no password, so only the chat can use it."""
    existing = find_by_chat(session, chat_id)
    if existing:
        return existing
    username = (
        f"{CHAT_ACCOUNT_PREFIX}{telegram_id}"
        if chat_id == telegram_id
        else f"{CHAT_ACCOUNT_PREFIX}{telegram_id}_{chat_id}"
    )
    values = {"telegram_chat_id": chat_id, "display_name": name[:100], "updated_at": now}
    # The name is taken when the chat was linked to another account once, or registers twice at this moment.
    new = insert(session, User).values(username=username, created_at=now, **values)
    user: User = session.scalars(
        new.on_conflict_do_update(index_elements=["username"], set_=values).returning(User)
    ).one()
    return user


def find_by_chat(session: Session, chat_id: int) -> User | None:
    return session.scalar(select(User).where(User.telegram_chat_id == chat_id))


def find_by_username(session: Session, username: str) -> User | None:
    return session.scalar(select(User).where(User.username == username))


def find_by_token(session: Session, user_id: int, token_version: int) -> User | None:
    """None when the account is gone or disabled, or its tokens were revoked since."""
    return session.scalar(select(User).where(User.id == user_id, User.token_version == token_version, User.is_active))


def list_users(session: Session, *, limit: int, offset: int) -> Sequence[User]:
    return session.scalars(select(User).order_by(User.id).limit(limit).offset(offset)).all()


def change_email(session: Session, user: User, email: str, now: datetime) -> User:
    """Raises AppError (400) when the address is taken."""
    user.email, user.updated_at = email.lower(), now
    _flush(session)
    return user


def change_password(session: Session, user_id: int, password_hash: str, now: datetime) -> User:
    """Every token issued before stops working. Raises NotFound."""
    user = _by_id(session, user_id)
    user.password_hash, user.updated_at = password_hash, now
    user.token_version += 1
    session.flush()
    return user


def renew_hash(session: Session, user_id: int, old_hash: str, new_hash: str) -> None:
    """Same password, today's parameters; a password changed in between is left alone."""
    user = session.get(User, user_id, with_for_update=True)
    if user and user.password_hash == old_hash:
        user.password_hash = new_hash


def set_active(session: Session, user_id: int, *, active: bool, now: datetime) -> None:
    """Revokes every token; enabling again also releases the messages that waited meanwhile. Raises NotFound."""
    user = _by_id(session, user_id)
    user.is_active, user.updated_at = active, now
    user.token_version += 1
    session.flush()
    if active and user.telegram_chat_id is not None:
        outbox.open_chat(session, user.telegram_chat_id)


def make_admin(session: Session, username: str, now: datetime) -> bool:
    """False when it was one already; else every token issued before stops working. Raises NotFound."""
    user = session.scalar(select(User).where(User.username == username).with_for_update())
    if user is None:
        raise NotFound(en.USER_NOT_FOUND)
    if user.role == "admin":
        return False
    user.role, user.updated_at = "admin", now
    user.token_version += 1
    session.flush()
    return True


def issue_link_code(session: Session, user: User, now: datetime) -> str:
    """A one-time code; whoever sends it to the bot within LINK_CODE_LIFETIME ties that chat to the account."""
    code = "".join(secrets.choice(LINK_CODE_LETTERS) for _ in range(LINK_CODE_LENGTH))
    values = {"code_hash": _hash_of(code), "created_at": now, "expires_at": now + LINK_CODE_LIFETIME}
    session.execute(
        insert(session, TelegramLink)
        .values(user_id=user.id, **values)
        .on_conflict_do_update(index_elements=["user_id"], set_=values)
    )
    return code


def prune_codes(session: Session, now: datetime) -> int:
    """Forget the link codes that nobody used in time; returns how many."""
    return session.connection().execute(delete(TelegramLink).where(TelegramLink.expires_at <= now)).rowcount


def link_chat(session: Session, code: str, chat_id: int, now: datetime) -> User:
    """Tie the chat to the account that issued the code; the messages that wait for the account go there from now on.

    What the chat had set up without an account comes along. Raises NotFound for a wrong, used or expired code.
    """
    link = session.scalar(
        delete(TelegramLink)
        .where(TelegramLink.code_hash == _hash_of(code.strip().upper()), TelegramLink.expires_at > now)
        .returning(TelegramLink)
    )
    if link is None:
        raise NotFound(ko.LINK_CODE_REFUSED, en.LINK_CODE_REFUSED)
    user = _by_id(session, link.user_id)
    holder = find_by_chat(session, chat_id)
    if holder and holder.id != user.id:
        _hand_over(session, holder, user, now)
    user.telegram_chat_id, user.chat_unreachable_since, user.wants_messages, user.updated_at = chat_id, None, True, now
    session.execute(
        update(Message)
        .where(Message.user_id == user.id, Message.status.in_(WAITING))
        .values(chat_id=chat_id, status="pending")
    )
    session.flush()
    return user


def unlink_chat(session: Session, user: User, now: datetime) -> None:
    """Messages that wait for the account wait for its next chat: this one may be somebody else's by now."""
    user.telegram_chat_id, user.updated_at = None, now
    session.flush()
    session.execute(
        update(Message)
        .where(Message.user_id == user.id, Message.status.in_(WAITING))
        .values(chat_id=None, status="parked")
    )


def _hand_over(session: Session, holder: User, user: User, now: datetime) -> None:
    """The chat leaves its holder. A chat-only account has no other door left, so its belongings move."""
    unlink_chat(session, holder, now)
    if holder.password_hash is not None:
        return
    for table in (Alert, Message):
        session.execute(update(table).where(table.user_id == holder.id).values(user_id=user.id))
    known = select(WatchedSymbol.symbol).where(WatchedSymbol.user_id == user.id)
    session.execute(
        update(WatchedSymbol)
        .where(WatchedSymbol.user_id == holder.id, WatchedSymbol.symbol.not_in(known))
        .values(user_id=user.id)
    )


def _hash_of(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _by_id(session: Session, user_id: int) -> User:
    user = session.get(User, user_id, with_for_update=True)
    if user is None:
        raise NotFound(en.USER_NOT_FOUND)
    return user


def _add(session: Session, user: User) -> User:
    session.add(user)
    _flush(session)
    return user


def _flush(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError:
        raise AppError(en.USERNAME_OR_EMAIL_TAKEN) from None
