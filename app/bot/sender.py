"""Drains the outbox: takes messages on lease, has them carried, gives back what it cannot send."""

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from app import clock, db
from app.bot.carrier import Carrier
from app.bot.ledger import Ledger
from app.bot.pacer import Candidate, Pacer
from app.bot.waiting import pause
from app.services import outbox
from app.services.outbox import Leased

WORKERS = 12  # 30 messages/s at 0.1-0.3 s each need 3 to 9
IN_HAND = 48  # less than two seconds of sending
LEASE_S = 15.0  # renewed while we live, so it is only how long a dead sender's messages wait
SHORTEST_IDLE_S = 0.05
LONGEST_IDLE_S = 1.0
TOKEN_CHECK_S = 30.0
GRACE_S = 4.0  # for requests under way when we are told to stop
DATABASE_GRACE_S = 2.0

log = logging.getLogger(__name__)


class Sender:
    """One per token. Any number of them never send one message twice, but only one keeps to Telegram's limits."""

    def __init__(self, bot: Bot, *, lease_s: float = LEASE_S, redact: Callable[[str], str] = str) -> None:
        self.last_round = time.monotonic()
        """When the outbox was last read, by time.monotonic()."""
        self._bot = bot
        self._lease = timedelta(seconds=lease_s)
        self._worker = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._ledger = Ledger()
        self._pacer = Pacer()
        self._carrier = Carrier(bot, self._ledger, self._pacer, worker=self._worker, lease=self._lease, redact=redact)
        self._hand: dict[int, Leased] = {}  # leased, not begun; at most one of a chat
        self._begun: set[int] = set()
        self._deliveries: set[asyncio.Task[None]] = set()
        self._hand_changed = asyncio.Event()
        self._woken = asyncio.Event()

    @property
    def held_s(self) -> float:
        """For how long nothing may be sent, by Telegram's word or after failures."""
        return max(0.0, self._pacer.held_until - time.monotonic())

    @property
    def is_token_rejected(self) -> bool:
        return self._carrier.is_token_rejected

    def wake(self) -> None:
        """There is a new row: do not wait for the next look."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; then waits for the requests under way (bounded) and gives back what was not begun."""
        stop_filling = asyncio.Event()
        filling = asyncio.create_task(self._fill(stop_filling))
        emptying = asyncio.create_task(self._empty())
        renewing = asyncio.create_task(self._renew())
        told = asyncio.create_task(stop.wait())
        # A loop that ends before we are told to stop ends by a bug; half a sender must not live on.
        await asyncio.wait([filling, emptying, renewing, told], return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        self._carrier.is_stopping = True
        emptying.cancel()
        stop_filling.set()
        await asyncio.wait([filling], timeout=DATABASE_GRACE_S)
        filling.cancel()
        await self._finish_deliveries()
        renewing.cancel()
        await self._give_back_hand()
        for ended in await asyncio.gather(filling, emptying, renewing, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended

    # -- three loops

    async def _fill(self, stop: asyncio.Event) -> None:
        """Fetch messages while there is room in the hand."""
        await self._remember_hold(stop)
        idle_s = SHORTEST_IDLE_S
        while not stop.is_set():
            self._woken.clear()
            if self.is_token_rejected:
                await self._wait_for_token(stop)
            if self.held_s > self._lease.total_seconds():
                await self._give_back_hand()
            idle_s = SHORTEST_IDLE_S if await self._fetch() else min(LONGEST_IDLE_S, idle_s * 2)
            await pause(idle_s, stop, self._woken)

    async def _empty(self) -> None:
        """Start a delivery as soon as a chat may be written to."""
        slots = asyncio.Semaphore(WORKERS)
        while True:
            await slots.acquire()
            row = await self._next()
            self._begun.add(row.id)
            delivery = asyncio.create_task(self._deliver(row))
            self._deliveries.add(delivery)
            delivery.add_done_callback(self._deliveries.discard)
            delivery.add_done_callback(lambda _task: slots.release())

    async def _renew(self) -> None:
        """A lease lives only as long as we do."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            try:
                await self._renew_leases()
            except SQLAlchemyError as error:
                log.warning("leases not renewed: %s", type(error).__name__)

    async def _renew_leases(self) -> None:
        held = {*self._hand, *self._begun}
        until = clock.now() + self._lease
        ours = await self._ledger.write(lambda session: outbox.renew(session, self._worker, held, until))
        for lost in held - ours:
            self._hand.pop(lost, None)

    # -- taking

    async def _fetch(self) -> bool:
        """True when messages were taken."""
        room = IN_HAND - len(self._hand)
        # With an answer not yet written down, an expired lease of ours would be taken for a dead sender's.
        if room <= 0 or self._carrier.unsettled or self.held_s > 0:
            self.last_round = time.monotonic()
            return False
        resting = self._pacer.resting_chats(time.monotonic()) | {row.chat_id for row in self._hand.values()}
        try:
            rows = await asyncio.to_thread(self._take, room, resting)
        except SQLAlchemyError as error:
            log.warning("outbox not readable: %s", type(error).__name__)
            return False
        self.last_round = time.monotonic()
        self._hand |= {row.id: row for row in rows}
        self._hand_changed.set()
        return bool(rows)

    def _take(self, room: int, resting: set[int]) -> list[Leased]:
        now = clock.now()
        with db.transaction(read_only=True) as session:
            if not outbox.has_work(session, now):
                return []
        with db.transaction() as session:
            doubtful = outbox.recover(session, now)
            if doubtful:
                log.warning("%d messages of a stopped sender may have been sent already", doubtful)
            return outbox.claim(session, self._worker, now, lease=self._lease, limit=room, resting_chats=resting)

    async def _next(self) -> Leased:
        while True:
            self._hand_changed.clear()
            wait_s = self.held_s
            if self.is_token_rejected:
                wait_s = LONGEST_IDLE_S
            elif wait_s <= 0 and self._hand:
                if self._pacer.is_in_trouble and not await self._carrier.telegram_answers():
                    continue
                chosen, wait_s = self._choose()
                if chosen:
                    return chosen
            await pause(min(wait_s or LONGEST_IDLE_S, LONGEST_IDLE_S), self._hand_changed)

    def _choose(self) -> tuple[Leased | None, float]:
        candidates = [Candidate(row.priority, row.id, row.chat_id) for row in self._hand.values()]
        chosen, wait_s = self._pacer.choose(candidates, time.monotonic())
        if chosen is None:
            return None, wait_s
        self._pacer.begin(chosen.chat_id)
        return self._hand.pop(chosen.id), 0.0

    async def _deliver(self, row: Leased) -> None:
        try:
            await self._carrier.carry(row)
        finally:
            self._begun.discard(row.id)
            self._hand_changed.set()

    # -- ending

    async def _finish_deliveries(self) -> None:
        if not self._deliveries:
            return
        _done, late = await asyncio.wait(self._deliveries, timeout=GRACE_S)
        for delivery in late:
            delivery.cancel()
        if late:
            log.warning("%d requests had no answer when the bot stopped", len(late))
            await asyncio.wait(late)

    async def _give_back_hand(self) -> None:
        rows = list(self._hand.values())
        self._hand.clear()
        if not rows:
            return

        def step(session: Session) -> None:
            for row in rows:
                outbox.give_back(session, self._worker, row.id)

        try:
            await asyncio.wait_for(self._ledger.write(step), DATABASE_GRACE_S)
        except (SQLAlchemyError, TimeoutError) as error:
            log.warning("%d messages left to their lease: %s", len(rows), type(error).__name__)

    # -- holds and the token

    async def _remember_hold(self, stop: asyncio.Event) -> None:
        """A restart does not forget how long Telegram wants us to be quiet."""
        while not stop.is_set():
            try:
                until = await self._ledger.write(outbox.load_hold)
            except SQLAlchemyError as error:
                log.warning("the stored hold is not readable: %s", type(error).__name__)
                await pause(LONGEST_IDLE_S, stop)
                continue
            left_s = (until - clock.now()).total_seconds() if until else 0.0
            if left_s > 0:
                log.warning("Telegram asked for silence before the restart: %.0f s left", left_s)
                self._pacer.hold_all(time.monotonic() + left_s)
            return

    async def _wait_for_token(self, stop: asyncio.Event) -> None:
        log.error("Telegram rejects the bot token: sending is paused, the messages stay in the outbox")
        await self._give_back_hand()
        while not stop.is_set():
            self.last_round = time.monotonic()
            await pause(TOKEN_CHECK_S, stop)
            try:
                await self._bot.get_me()
            except InvalidToken:
                continue
            except TelegramError as error:
                log.info("token not checked: %s", type(error).__name__)
                continue
            log.warning("Telegram accepts the bot token again")
            self._carrier.is_token_rejected = False
            return
