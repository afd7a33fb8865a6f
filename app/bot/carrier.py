"""One message's way to Telegram, and what its answer means."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
from telegram.constants import ParseMode
from telegram.error import TelegramError

from app import alive, clock
from app.bot.ledger import Ledger
from app.bot.outcome import Failure, Verdict, classify
from app.bot.pacer import LONGEST_TEST_S, TROUBLE_AFTER, Pacer
from app.bot.rendering import CannotRender, Text, render, split_text
from app.services import outbox
from app.services.outbox import Leased

MOST_MOVES = 10
LONGEST_HEAD_START_S = 0.03
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

T = TypeVar("T")
log = logging.getLogger(__name__)


class Carrier:
    """Writes down that a message is being sent, sends it when the pacer says so, writes down the answer."""

    def __init__(
        self, bot: Bot, ledger: Ledger, pacer: Pacer, *, worker: str, lease: timedelta, redact: Callable[[str], str]
    ) -> None:
        self.is_token_rejected = False
        self.is_stopping = False
        self.unsettled = 0
        """Answers that the database refused to take so far."""
        self._bot = bot
        self._ledger = ledger
        self._pacer = pacer
        self._worker = worker
        self._lease = lease
        self._redact = redact
        self._on_wire = 0
        self._exit = asyncio.Lock()
        self._begin_takes_s = 0.0

    async def carry(self, row: Leased) -> None:
        try:
            await self._render_and_send(row)
        except SQLAlchemyError as error:
            # Its lease will expire; whether `sending_at` is set tells the next one what to believe.
            log.warning("message %d left to its lease: %s", row.id, type(error).__name__)
        except Exception:
            log.exception("message %d left to its lease", row.id)
        finally:
            self._pacer.put_back(row.chat_id)

    async def telegram_answers(self) -> bool:
        """Asked before a message is risked again after several failures; a silent server puts the next try off."""
        try:
            await self._bot.get_me()
        except TelegramError as error:
            failure = classify(error)
            if failure.verdict is Verdict.BAD_TOKEN:
                self.is_token_rejected = True
            self._pacer.back_off(time.monotonic())
            log.info("Telegram does not answer: %s", self._redact(failure.text))
            return False
        return True

    async def _render_and_send(self, row: Leased) -> None:
        try:
            text = render(row)
        except CannotRender as error:
            reason = str(error)
            log.error("message %d cannot be sent: %s", row.id, reason)
            await self._settle(lambda session: outbox.bury(session, self._worker, row.id, reason))
            return
        if text.is_too_long:
            await self._split(row, text)
            return
        if not await self._may_leave(row):
            return
        try:
            await self._send(row, text)
        finally:
            self._on_wire -= 1

    # -- before the request

    async def _may_leave(self, row: Leased) -> bool:
        """Wait for our turn, and write down that the request leaves now. False: it was given back, or is not ours.

        One at a time, so that a killed process leaves at most one message that looks sent and surely was not.
        """
        async with self._exit:  # first come, first served
            leaves = await self._turn_comes(early_s=self._begin_takes_s) and await self._begin(row)
            if leaves:
                self._pacer.take_wire(time.monotonic())
                self._on_wire += 1
        if not leaves:
            await self._give_back(row)
        return leaves

    async def _turn_comes(self, *, early_s: float = 0.0) -> bool:
        """False when nothing is to be sent now."""
        while not (self.is_stopping or self.is_token_rejected or self._pacer.is_held(time.monotonic())):
            wait_s = self._pacer.wire_wait(time.monotonic()) - early_s
            if wait_s <= 0 and not (self._pacer.is_in_trouble and self._on_wire):
                return True
            await asyncio.sleep(max(wait_s, 0.005))
        return False

    async def _begin(self, row: Leased) -> bool:
        asked = time.monotonic()
        is_ours = await self._ledger.write(
            lambda session: outbox.begin(session, self._worker, row.id, clock.now(), self._lease)
        )
        # The database takes its time too: it is asked so early that it has answered when our turn comes.
        self._begin_takes_s = min(time.monotonic() - asked, LONGEST_HEAD_START_S)
        may_leave = is_ours and await self._turn_comes()
        # A process that was frozen here may wake up after its lease, when somebody else has the message.
        return may_leave and time.monotonic() - asked < self._lease.total_seconds() / 2

    # -- the request

    async def _send(self, row: Leased, text: Text) -> None:
        is_plain = bool(row.payload.get("is_plain"))
        try:
            message = await self._bot.send_message(
                row.chat_id,
                text.plain if is_plain else text.html,
                parse_mode=None if is_plain else ParseMode.HTML,
                reply_markup=_keyboard(text),
                link_preview_options=NO_PREVIEW,
            )
        except Exception as error:
            failure = classify(error)
            if failure.is_bug:
                log.exception("sending message %d failed in our own code", row.id)
            self._pacer.finish(row.chat_id, time.monotonic())
            await self._settle_failure(row, text, failure)
            return
        self._pacer.finish(row.chat_id, time.monotonic())
        self._pacer.succeed(row.chat_id)
        alive.count("messages sent")
        telegram_id = message.message_id
        await self._settle(lambda session: outbox.mark_sent(session, self._worker, row.id, clock.now(), telegram_id))

    # -- after the request

    async def _settle_failure(self, row: Leased, text: Text, failure: Failure) -> None:
        alive.count("sendings failed")
        reason = self._redact(failure.text)[:500]
        log.info("message %d to chat %d: %s (%s)", row.id, row.chat_id, failure.verdict.name, reason)
        match failure.verdict:
            case Verdict.HOLD:
                await self._hold(row, failure.retry_after_s, reason)
            case Verdict.BUSY | Verdict.NOT_SENT:
                self._pacer.back_off(time.monotonic())
                await self._give_back(row, error=reason)
            case Verdict.BAD_TOKEN:
                self.is_token_rejected = True
                await self._give_back(row, error=reason)
            case Verdict.UNREACHABLE:
                await self._close_chat(row, reason)
            case Verdict.MIGRATED if row.attempts <= MOST_MOVES:
                await self._move(row, failure.new_chat_id, reason)
            case Verdict.UNPARSEABLE if not row.payload.get("is_plain"):
                await self._settle(lambda session: outbox.make_plain(session, self._worker, row.id, reason))
            case Verdict.TOO_LONG if row.kind != "text":
                await self._split(row, text)
            case Verdict.UNKNOWN:
                self._pacer.back_off(time.monotonic(), tolerate=TROUBLE_AFTER - 1, longest_s=LONGEST_TEST_S)
                await self._settle(lambda session: outbox.doubt(session, self._worker, row.id, clock.now(), reason))
            case _:
                log.error("message %d to chat %d is undeliverable: %s", row.id, row.chat_id, reason)
                await self._settle(lambda session: outbox.bury(session, self._worker, row.id, reason))

    async def _hold(self, row: Leased, seconds: float, reason: str) -> None:
        is_for_all = self._pacer.hold(row.chat_id, seconds, time.monotonic())
        until = clock.now() + timedelta(seconds=seconds)

        def step(session: Session) -> None:
            if is_for_all:
                outbox.store_hold(session, until)
            outbox.give_back(session, self._worker, row.id, not_before=until, error=reason)

        await self._settle(step)

    async def _close_chat(self, row: Leased, reason: str) -> None:
        def step(session: Session) -> int:
            outbox.park(session, self._worker, row.id, reason)
            return outbox.close_chat(session, row.chat_id, clock.now(), reason)

        others = await self._settle(step)
        log.warning("chat %d takes no messages (%s): parked this one and %d more", row.chat_id, reason, others or 0)

    async def _move(self, row: Leased, new_chat_id: int, reason: str) -> None:
        def step(session: Session) -> None:
            outbox.move_chat(session, row.chat_id, new_chat_id, clock.now())
            outbox.give_back(session, self._worker, row.id, error=reason, was_attempt=True)

        await self._settle(step)

    async def _split(self, row: Leased, text: Text) -> None:
        parts = split_text(text.plain, row.language)
        await self._settle(lambda session: outbox.split(session, self._worker, row.id, parts, clock.now()))

    async def _give_back(self, row: Leased, error: str | None = None) -> None:
        await self._settle(lambda session: outbox.give_back(session, self._worker, row.id, error=error))

    async def _settle(self, step: Callable[[Session], T]) -> T:
        """Write down an answer, however long the database is away."""
        try:
            return await self._ledger.write(step)
        except SQLAlchemyError as error:
            log.warning("answer not written down, trying again: %s", type(error).__name__)
        self.unsettled += 1
        try:
            return await self._settle_again(step)
        finally:
            self.unsettled -= 1

    async def _settle_again(self, step: Callable[[Session], T]) -> T:
        pause_s = 0.1
        while True:
            await asyncio.sleep(pause_s)
            pause_s = min(2.0, pause_s * 2)
            with contextlib.suppress(SQLAlchemyError):
                return await self._ledger.write(step)


def _keyboard(text: Text) -> InlineKeyboardMarkup | None:
    if not text.keyboard:
        return None
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(label, callback_data=data) for label, data in line] for line in text.keyboard]
    )
