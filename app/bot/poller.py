"""Fetches updates and has each answered, in order, before it is confirmed to Telegram."""

import asyncio
import logging
import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from telegram import Bot, BotCommand, Update
from telegram.constants import UpdateType
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from app import alive, clock, db
from app.bot.answering import DATABASE_AWAY, Answering
from app.bot.commands import COMMANDS, describe
from app.bot.outcome import classify
from app.bot.waiting import pause
from app.services import bot_state
from app.texts import LANGUAGES

POLL_S = 25
UPDATES = [UpdateType.MESSAGE, UpdateType.CALLBACK_QUERY, UpdateType.MY_CHAT_MEMBER]
LONGEST_BACK_OFF_S = 30.0
TOKEN_CHECK_S = 30.0
CONFLICT_S = 5.0  # at least, before we try to take the updates back from another process
TRIES = 10  # of one update while the database refuses it
CALLS_PER_MINUTE = 120

log = logging.getLogger(__name__)


class Poller:
    """Nothing is confirmed before it is answered, so a killed bot gets it again; `Answering` knows what it has done."""

    def __init__(
        self, bot: Bot, answering: Answering, *, redact: Callable[[str], str] = str, on_reply: Callable[[], None]
    ) -> None:
        self.last_answer: float | None = None
        """When Telegram last answered, by time.monotonic()."""
        self.trouble = ""
        """Why nothing is fetched, for people; empty while all is well."""
        self._bot = bot
        self._answering = answering
        self._redact = redact
        self._on_reply = on_reply
        self._offset: int | None = None
        self._failures = 0
        self._crowd = Crowd()

    async def run(self, stop: asyncio.Event) -> None:
        is_introduced = False
        while not stop.is_set():
            try:
                if not is_introduced:
                    await self._introduce()
                    is_introduced = True
                    self._note_answer()  # the first poll may wait long for somebody to write
                updates = await self._fetch(stop)
            except (TelegramError, SQLAlchemyError) as error:
                await pause(self._note_trouble(error), stop)
                continue
            self._note_answer()
            for update in updates:
                if not await self._handle(update, stop):
                    return  # told to stop; Telegram will deliver it again
                self._offset = update.update_id + 1
                alive.count("updates answered")

    # -- Telegram

    async def _introduce(self) -> None:
        """Learn our name and show the menu."""
        me = await self._bot.get_me()
        name = me.username or ""
        self._answering.bot_name = name
        await asyncio.to_thread(_note_username, name)
        shown = [command for command in COMMANDS.values() if not (command.is_alias or command.for_admins)]
        for language, words in LANGUAGES.items():
            menu = [BotCommand(command.name, describe(command, words)) for command in shown]
            # Korean is also what everybody without a menu of their own sees.
            await self._bot.set_my_commands(menu, language_code="" if language == "ko" else language)

    async def _fetch(self, stop: asyncio.Event) -> tuple[Update, ...]:
        fetching = asyncio.create_task(
            self._bot.get_updates(offset=self._offset, timeout=POLL_S, allowed_updates=UPDATES)
        )
        told = asyncio.create_task(stop.wait())
        await asyncio.wait([fetching, told], return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        if not fetching.done():
            fetching.cancel()
            await asyncio.wait([fetching])
            return ()
        try:
            return fetching.result()
        except (TelegramError, asyncio.CancelledError):
            raise
        except Exception as error:  # noqa: BLE001  # the library's reader met something that it does not know
            log.error("updates not readable as a whole: %s", type(error).__name__)
            return await self._fetch_readable()

    async def _fetch_readable(self) -> tuple[Update, ...]:
        """The updates before the first one that the library cannot read; when that one is the first, it is skipped.

        A single odd update would otherwise be delivered again for ever, and nobody answered any more.
        """
        waiting: list[dict[str, Any]] = await self._bot.do_api_request(
            "getUpdates", {"offset": self._offset, "timeout": 0, "allowed_updates": UPDATES}
        )
        readable: list[Update] = []
        for raw in waiting:
            try:
                readable.append(Update.de_json(raw, self._bot))
            except Exception as error:  # noqa: BLE001
                if readable:
                    break
                log.error("update %s skipped, it is not readable: %s", raw["update_id"], type(error).__name__)
                self._offset = int(raw["update_id"]) + 1
        return tuple(readable)

    def _note_answer(self) -> None:
        if self.trouble:
            log.info("Telegram answers again")
        self.last_answer = time.monotonic()
        self.trouble = ""
        self._failures = 0

    def _note_trouble(self, error: Exception) -> float:
        """Seconds until the next try. A trouble is logged when it starts, not each time it is met."""
        trouble, pause_s = self._describe(error)
        if trouble != self.trouble:
            log.error("no updates from Telegram: %s", trouble)
        self.trouble = trouble
        return pause_s

    def _describe(self, error: Exception) -> tuple[str, float]:
        self._failures += 1
        back_off_s = min(LONGEST_BACK_OFF_S, 2.0 ** min(self._failures - 1, 10))
        match error:
            case Conflict():
                return "another process polls with the same token", max(CONFLICT_S, back_off_s)
            case InvalidToken():
                return "the bot token is rejected", TOKEN_CHECK_S
            case RetryAfter():
                failure = classify(error)
                return "Telegram wants us to wait", failure.retry_after_s + 1
            case SQLAlchemyError():
                return f"the database is away ({type(error).__name__})", back_off_s
        return f"no connection ({self._redact(str(error))[:200]})", back_off_s

    # -- one update

    async def _handle(self, update: Update, stop: asyncio.Event) -> bool:
        """False when told to stop before it was done."""
        tries = 0
        while not stop.is_set():
            tries += 1
            try:
                await self._answer(update, is_last_try=tries >= TRIES)
            except DATABASE_AWAY as error:
                log.warning("update %d not answered yet: %s", update.update_id, type(error).__name__)
                self.trouble = f"the database is away ({type(error).__name__})"
                await pause(min(10.0, 0.2 * 2.0 ** min(tries, 8)), stop)
                continue
            except Exception:
                log.exception("update %d skipped", update.update_id)
            return True
        return False

    async def _answer(self, update: Update, *, is_last_try: bool) -> None:
        now = clock.now()
        welcome = self._is_welcome(update)
        if welcome is None:
            return
        if not welcome:
            await asyncio.to_thread(self._answering.refuse, update, now)
        else:
            call = await asyncio.to_thread(self._answering.answer, update, now, only_apologise=is_last_try)
            if call and call.callback_id:
                await self._stop_spinner(call.callback_id)
        self._on_reply()

    def _is_welcome(self, update: Update) -> bool | None:
        if update.my_chat_member:  # blocking us is no question, and must not be missed
            return True
        return self._crowd.is_welcome(update.effective_user.id if update.effective_user else 0, time.monotonic())

    async def _stop_spinner(self, callback_id: str) -> None:
        try:
            await self._bot.answer_callback_query(callback_id)
        except TelegramError as error:
            log.info("callback not answered: %s", self._redact(str(error)))


class Crowd:
    """How often each person has asked in the last minute."""

    def __init__(self) -> None:
        self._asked: defaultdict[int, deque[float]] = defaultdict(deque)
        self._swept_at = 0.0

    def is_welcome(self, telegram_id: int, now: float) -> bool | None:
        """False the first time it is too much, None from then on."""
        self._forget(now)
        asked = self._asked[telegram_id]
        while asked and asked[0] < now - 60:
            asked.popleft()
        if len(asked) > CALLS_PER_MINUTE:
            return None
        asked.append(now)
        return len(asked) <= CALLS_PER_MINUTE

    def _forget(self, now: float) -> None:
        """Once a minute: whoever has been silent that long."""
        if self._swept_at < now - 60:
            self._swept_at = now
            for silent in [known for known, times in self._asked.items() if times[-1] < now - 60]:
                del self._asked[silent]


def _note_username(name: str) -> None:
    with db.transaction() as session:
        bot_state.note_username(session, name)
