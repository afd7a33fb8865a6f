"""/start, /register, /unregister, /language: who the caller is and what they want to hear."""

from sqlalchemy.orm import Session

from app.bot.rendering import escape
from app.bot.replies import Asked, Reply
from app.errors import AppError
from app.models import User
from app.services import outbox, users
from app.texts import LANGUAGES, in_language


def start(session: Session, asked: Asked) -> Reply:
    """Make the chat known, or tie it to the account whose link code came along; what waited for it goes out."""
    if asked.call.words:
        return _link(session, asked)
    user = _known(session, asked)
    outbox.open_chat(session, asked.call.chat_id)
    return Reply(in_language(user.language).BOT_WELCOME.format(name=escape(asked.call.first_name)))


def register(session: Session, asked: Asked) -> Reply:
    _known(session, asked).wants_messages = True
    session.flush()
    outbox.open_chat(session, asked.call.chat_id)
    return Reply(asked.words.BOT_REGISTERED)


def unregister(session: Session, asked: Asked) -> Reply:
    asked.user.wants_messages = False
    session.flush()
    return Reply(asked.words.BOT_UNREGISTERED)


def change_language(session: Session, asked: Asked) -> Reply:
    language = asked.call.words[0].lower() if asked.call.words else ""
    if language not in LANGUAGES:
        raise AppError(asked.words.BOT_LANGUAGE_USAGE)
    asked.user.language = language
    session.flush()
    return Reply(in_language(language).BOT_LANGUAGE_SET)


def _link(session: Session, asked: Asked) -> Reply:
    if not asked.call.is_private:
        raise AppError(asked.words.BOT_LINK_PRIVATE_ONLY)
    user = users.link_chat(session, asked.call.words[0], asked.call.chat_id, asked.now)
    outbox.open_chat(session, asked.call.chat_id)
    return Reply(in_language(user.language).BOT_LINKED.format(username=escape(user.username)))


def _known(session: Session, asked: Asked) -> User:
    if asked.account:
        return asked.account
    call = asked.call
    user = users.register_chat(session, call.telegram_id, call.chat_id, call.first_name, asked.now)
    user.language = call.language
    session.flush()
    return user
