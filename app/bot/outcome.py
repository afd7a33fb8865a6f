"""What a failed request to Telegram means for the message it carried."""

import warnings
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

import httpx
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.warnings import PTBDeprecationWarning

# `retry_after` is read in its old and its coming shape.
warnings.filterwarnings("ignore", "(?s).*attribute `retry_after`", PTBDeprecationWarning)

# The bytes of the request never left: httpx fails so before it writes.
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


class Verdict(Enum):
    HOLD = auto()
    """Not sent; Telegram said for how long to be quiet."""
    BUSY = auto()
    """Not sent; too many requests, without a time."""
    UNREACHABLE = auto()
    """Not sent; the chat does not take messages from us."""
    MIGRATED = auto()
    """Not sent; the chat has a new id."""
    UNPARSEABLE = auto()
    """Not sent; the markup is wrong."""
    TOO_LONG = auto()
    """Not sent; must be split."""
    REFUSED = auto()
    """Not sent, and never will be."""
    BAD_TOKEN = auto()
    """Not sent; nothing can be sent with this token."""
    NOT_SENT = auto()
    """Not sent; no connection."""
    UNKNOWN = auto()
    """May have been delivered or not."""


@dataclass(frozen=True)
class Failure:
    verdict: Verdict
    text: str
    retry_after_s: float = 0.0
    new_chat_id: int = 0
    is_bug: bool = False


def classify(error: Exception) -> Failure:
    """Every row of the table measured on python-telegram-bot 22.8; whatever is not in it counts as unknown."""
    text = f"{type(error).__name__}: {error}"
    match error:
        case RetryAfter():
            return Failure(Verdict.HOLD, text, retry_after_s=_seconds(error.retry_after))
        case ChatMigrated():
            return Failure(Verdict.MIGRATED, text, new_chat_id=error.new_chat_id)
        case Forbidden():
            return Failure(Verdict.UNREACHABLE, text)
        case InvalidToken():
            # Its own text may quote the token.
            return Failure(Verdict.BAD_TOKEN, "InvalidToken: rejected by the server")
        case BadRequest():  # before NetworkError, which it is a kind of
            return Failure(_verdict_of_bad_request(error.message.lower()), text)
        case TelegramError() if error.message.startswith("Too Many Requests"):
            return Failure(Verdict.BUSY, text)
    if isinstance(error.__cause__, _NEVER_LEFT):
        return Failure(Verdict.NOT_SENT, text)
    is_known = isinstance(error, TelegramError) and isinstance(error.__cause__, httpx.HTTPError | TelegramError | None)
    return Failure(Verdict.UNKNOWN, text, is_bug=not is_known and not isinstance(error.__cause__, ValueError))


def _verdict_of_bad_request(text: str) -> Verdict:
    if "can't parse" in text and "entit" in text:
        return Verdict.UNPARSEABLE
    if "too long" in text:
        return Verdict.TOO_LONG
    return Verdict.REFUSED


def _seconds(value: int | timedelta) -> float:
    return value.total_seconds() if isinstance(value, timedelta) else float(value)
