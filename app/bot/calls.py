"""What somebody asks of the bot, out of what Telegram delivers."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from telegram import CallbackQuery, Message, Update, User
from telegram.constants import ChatType

# Stand-ins Telegram shows instead of a person: anonymous group admin, Telegram itself, posting as a channel.
NOBODY = frozenset({1087968824, 777000, 136817688})
LONGEST_WORDS = 300
_CALLBACK = re.compile(r"(alert_remove) ([0-9]{1,18})")  # the only buttons we make
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]+")


@dataclass(frozen=True)
class Call:
    """One request; `command` is empty for a text that is none."""

    update_id: int
    chat_id: int
    telegram_id: int
    first_name: str
    language: str
    command: str
    words: tuple[str, ...]
    sent_at: datetime
    is_private: bool
    is_admin: bool
    callback_id: str | None = None


def read_call(update: Update, *, bot_name: str, admin_ids: Collection[int]) -> Call | None:
    """None for what is not ours to answer: edits, channel posts, people without a name, other bots' commands."""
    if update.callback_query:
        return _from_button(update, update.callback_query, admin_ids)
    if update.message and update.message.from_user and update.message.text:
        return _from_message(update, update.message, update.message.from_user, bot_name, admin_ids)
    return None


def _from_message(
    update: Update, message: Message, sender: User, bot_name: str, admin_ids: Collection[int]
) -> Call | None:
    words = _words(message.text or "")
    if not words or sender.is_bot or sender.id in NOBODY or message.sender_chat:
        return None
    command, to_bot = "", ""
    if words[0].startswith("/"):
        command, _, to_bot = words[0][1:].partition("@")
        words = words[1:]
    is_private = message.chat.type == ChatType.PRIVATE
    is_ours = not to_bot or to_bot.lower() == bot_name.lower()
    if not is_ours or (not command and not is_private):
        return None
    is_admin = is_private and sender.id in admin_ids and message.forward_origin is None
    return _call(update, message, sender, command.lower(), words, is_admin=is_admin)


def _from_button(update: Update, pressed: CallbackQuery, admin_ids: Collection[int]) -> Call | None:
    data = _CALLBACK.fullmatch(pressed.data or "")
    message = pressed.message
    if data is None or not isinstance(message, Message) or pressed.from_user.id in NOBODY:
        return None
    is_admin = message.chat.type == ChatType.PRIVATE and pressed.from_user.id in admin_ids
    return _call(update, message, pressed.from_user, data[1], (data[2],), is_admin=is_admin, callback_id=pressed.id)


def _call(
    update: Update,
    message: Message,
    sender: User,
    command: str,
    words: tuple[str, ...],
    *,
    is_admin: bool,
    callback_id: str | None = None,
) -> Call:
    return Call(
        update_id=update.update_id,
        chat_id=message.chat.id,
        telegram_id=sender.id,
        first_name=_CONTROL.sub(" ", sender.first_name)[:100],
        language="ko" if (sender.language_code or "ko").startswith("ko") else "en",
        command=command,
        words=words,
        sent_at=message.date,
        is_private=message.chat.type == ChatType.PRIVATE,
        is_admin=is_admin,
        callback_id=callback_id,
    )


def _words(text: str) -> tuple[str, ...]:
    """Full-width digits and letters count as the plain ones."""
    return tuple(_CONTROL.sub(" ", unicodedata.normalize("NFKC", text[:LONGEST_WORDS])).split())
