"""The table of what Telegram's errors mean; the wire side of it is in the integration tests."""

import json
from datetime import timedelta

import httpx
import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from app.bot.outcome import Verdict, classify


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (RetryAfter(5), Verdict.HOLD),
        (NetworkError("Too Many Requests"), Verdict.BUSY),
        (NetworkError("Too Many Requests (429). Parsing the server response b'' failed"), Verdict.BUSY),
        (Forbidden("Forbidden: bot was blocked by the user"), Verdict.UNREACHABLE),
        (ChatMigrated(-100), Verdict.MIGRATED),
        (BadRequest("Can't parse entities: unsupported start tag"), Verdict.UNPARSEABLE),
        (BadRequest("Message is too long"), Verdict.TOO_LONG),
        (BadRequest("Chat not found"), Verdict.REFUSED),
        (InvalidToken("Unauthorized"), Verdict.BAD_TOKEN),
        (caused(NetworkError("x"), httpx.ConnectError("refused")), Verdict.NOT_SENT),
        (caused(TimedOut(), httpx.ConnectTimeout("slow")), Verdict.NOT_SENT),
        (caused(TimedOut("Pool timeout"), httpx.PoolTimeout("full")), Verdict.NOT_SENT),
        (caused(TimedOut(), httpx.ReadTimeout("slow")), Verdict.UNKNOWN),
        (caused(TimedOut(), httpx.WriteTimeout("slow")), Verdict.UNKNOWN),
        (caused(NetworkError("x"), httpx.RemoteProtocolError("closed")), Verdict.UNKNOWN),
        (caused(NetworkError("x"), httpx.ReadError("reset")), Verdict.UNKNOWN),
        (NetworkError("Internal Server Error"), Verdict.UNKNOWN),
        (caused(NetworkError("Bad Gateway (502)"), TelegramError("Invalid server response")), Verdict.UNKNOWN),
        (caused(TelegramError("Invalid server response"), json.JSONDecodeError("x", "", 0)), Verdict.UNKNOWN),
        (caused(NetworkError("x"), RuntimeError("Event loop is closed")), Verdict.UNKNOWN),
        (TypeError("a bug"), Verdict.UNKNOWN),
    ],
)
def test_each_error_has_one_meaning(error, verdict):
    assert classify(error).verdict is verdict


@pytest.mark.parametrize("seconds", [5, timedelta(seconds=5)])
def test_retry_after_is_read_in_both_shapes(seconds):
    assert classify(RetryAfter(seconds)).retry_after_s == 5


@pytest.mark.parametrize(
    ("error", "is_bug"),
    [
        (caused(NetworkError("x"), RuntimeError("Event loop is closed")), True),
        (TypeError("a bug"), True),
        (NetworkError("Internal Server Error"), False),
        (caused(TimedOut(), httpx.ReadTimeout("slow")), False),
        (caused(TelegramError("Invalid server response"), json.JSONDecodeError("x", "", 0)), False),
    ],
)
def test_bug_of_ours_is_told_from_a_failing_server(error, is_bug):
    assert classify(error).is_bug is is_bug


def test_text_of_a_refused_token_never_quotes_it():
    error = InvalidToken("The token `123456:secret` was rejected by the server.")

    assert "secret" not in classify(error).text
