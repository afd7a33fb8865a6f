"""One update, one transaction: the change it asks for and the reply to it, or neither."""

import logging
from collections.abc import Collection
from datetime import datetime

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from telegram import ChatMemberUpdated, Update
from telegram.constants import ChatMemberStatus

from app import db
from app.bot.calls import Call, read_call
from app.bot.commands import COMMANDS, Command
from app.bot.replies import Asked, Reply
from app.errors import AppError
from app.models.message import REPLY_PRIORITY
from app.services import outbox, users
from app.texts import en, in_language

ADMIN_COMMAND_LIFETIME_S = 60
DATABASE_AWAY = (OperationalError, InterfaceError, PoolTimeout)
_GONE = (ChatMemberStatus.BANNED, ChatMemberStatus.LEFT)

log = logging.getLogger(__name__)


class Answering:
    """Blocks: to be called in a thread.

    The reply's key in the outbox is the update's number. Telegram delivers an update again until it is confirmed;
    the second time the key is there, so nothing is done twice, whenever the process was killed.
    """

    def __init__(self, *, bot_id: str, admin_ids: Collection[int]) -> None:
        self.bot_name = ""
        self._bot_id = bot_id
        self._admin_ids = admin_ids

    def answer(self, update: Update, now: datetime, *, only_apologise: bool = False) -> Call | None:
        """None when there was nothing to answer. Raises DATABASE_AWAY; then nothing has happened."""
        if update.my_chat_member:
            _note_membership(update.my_chat_member, now)
            return None
        call = read_call(update, bot_name=self.bot_name, admin_ids=self._admin_ids)
        if call is None:
            return None
        key = f"update:{self._bot_id}:{call.update_id}"
        with db.transaction() as session:
            if outbox.is_known(session, key):
                return call
            asked = _look_up(session, call, now)
            reply = Reply(asked.words.BOT_APOLOGY) if only_apologise else _run_safely(session, asked)
            outbox.add(
                session,
                dedup_key=key,
                kind="html",
                payload=reply.payload(),
                now=now,
                chat_id=call.chat_id,
                priority=REPLY_PRIORITY,
            )
        return call

    def refuse(self, update: Update, now: datetime) -> None:
        """The caller asks too much: say so, do nothing."""
        call = read_call(update, bot_name=self.bot_name, admin_ids=self._admin_ids)
        if call is None:
            return
        with db.transaction() as session:
            outbox.add(
                session,
                dedup_key=f"update:{self._bot_id}:{call.update_id}",
                kind="text",
                payload={"text": in_language(call.language).BOT_TOO_MANY},
                now=now,
                chat_id=call.chat_id,
                priority=REPLY_PRIORITY,
            )


def _look_up(session: Session, call: Call, now: datetime) -> Asked:
    account = users.find_by_chat(session, call.chat_id)
    if account and account.chat_unreachable_since:
        outbox.open_chat(session, call.chat_id)
    return Asked(call, account, in_language(account.language if account else call.language), now)


def _run_safely(session: Session, asked: Asked) -> Reply:
    """A refused or failed command leaves nothing behind but its reply."""
    try:
        with session.begin_nested():
            return _run(session, asked)
    except AppError as error:
        return Reply(error.english if asked.words is en else error.message)
    except DATABASE_AWAY:
        raise
    except Exception:
        log.exception("/%s of update %d failed", asked.call.command, asked.call.update_id)
        return Reply(asked.words.BOT_APOLOGY)


def _run(session: Session, asked: Asked) -> Reply:
    command = COMMANDS.get(asked.call.command or "price")
    if command is None:
        return Reply(asked.words.BOT_UNKNOWN_COMMAND)
    if refusal := _refusal(command, asked):
        return Reply(refusal)
    return command.handler(session, asked)


def _refusal(command: Command, asked: Asked) -> str:
    """Empty when the caller may."""
    if command.for_admins:
        if not asked.call.is_admin:
            return str(asked.words.BOT_ADMIN_ONLY)
        age_s = round((asked.now - asked.call.sent_at).total_seconds())
        if age_s > ADMIN_COMMAND_LIFETIME_S:
            return str(asked.words.BOT_ADMIN_TOO_OLD.format(seconds=age_s))
        return ""
    if command.for_strangers:
        return ""
    if asked.account is None:
        return str(asked.words.BOT_START_FIRST)
    return "" if asked.account.is_active else str(asked.words.BOT_DISABLED)


def _note_membership(change: ChatMemberUpdated, now: datetime) -> None:
    with db.transaction() as session:
        if change.new_chat_member.status in _GONE:
            outbox.close_chat(session, change.chat.id, now, "the bot was blocked or removed")
        else:
            outbox.open_chat(session, change.chat.id)
