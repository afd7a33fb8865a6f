"""Signs of life, given only while the bot's real work succeeds."""

import asyncio
import logging
import time
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from app import clock, db
from app.bot.poller import POLL_S, Poller
from app.bot.sender import Sender
from app.bot.waiting import pause
from app.services import heartbeats, outbox

PART = "bot"
BEAT_S = 5.0
LONGEST_ROUND_S = 20.0
LONGEST_SILENCE_S = POLL_S + 35.0

log = logging.getLogger(__name__)


async def beat_disabled(folder: Path, stop: asyncio.Event) -> None:
    """There is nothing to do, and that is fine: no token is set."""
    log.warning("TELEGRAM_BOT_TOKEN is empty: the bot is off, messages wait in the outbox")
    while not stop.is_set():
        await _beat(folder, "disabled", "TELEGRAM_BOT_TOKEN is empty")
        await pause(BEAT_S, stop)


async def beat(folder: Path, sender: Sender, poller: Poller, stop: asyncio.Event) -> None:
    while not stop.is_set():
        status, detail = judge(sender, poller, time.monotonic())
        await _beat(folder, status, detail)
        await pause(BEAT_S if status == "ok" else BEAT_S / 5, stop)


def judge(sender: Sender, poller: Poller, now: float) -> tuple[str, str]:
    """The status, and what a person should know."""
    if sender.is_token_rejected:
        return "failed", "Telegram rejects TELEGRAM_BOT_TOKEN; messages wait in the outbox"
    if now - sender.last_round > LONGEST_ROUND_S:
        return "failed", f"the outbox was not read for {now - sender.last_round:.0f} s"
    if poller.trouble:
        return "failed", poller.trouble
    if poller.last_answer is None:
        return "starting", "not connected to Telegram yet"
    if now - poller.last_answer > LONGEST_SILENCE_S:
        return "failed", f"no answer from Telegram for {now - poller.last_answer:.0f} s"
    return "ok", f"Telegram asked for silence: {sender.held_s:.0f} s left" if sender.held_s > 1 else ""


async def _beat(folder: Path, status: str, detail: str) -> None:
    try:
        await asyncio.to_thread(_write, folder, status, detail)
    except (SQLAlchemyError, OSError) as error:
        log.warning("no heartbeat written: %s", type(error).__name__)


def _write(folder: Path, status: str, detail: str) -> None:
    now = clock.now()
    with db.transaction() as session:
        waiting = outbox.waiting(session, now)
        heartbeats.beat(session, PART, now, status, "; ".join(filter(None, (detail, waiting))))
    if status in ("ok", "disabled"):
        heartbeats.touch(folder, PART)
