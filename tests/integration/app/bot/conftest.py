"""A Telegram server, people the bot knows, and senders: in this process or in one that can be killed."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from telegram import Bot
from telegram.request import HTTPXRequest

from app import clock, db
from app.bot.sender import Sender
from app.models import Message, User
from app.services import outbox
from app.settings import load_settings
from tests.stand_ins.telegram import TOKEN, Telegram, running_telegram

ROOT = Path(__file__).parents[4]
STRICT_BOT = ("-X", "dev", "-W", "error::RuntimeWarning", "-m", "app", "bot")
IMPATIENT_BOT = ("-m", "tests.integration.app.bot.impatient_bot")
FIRED = {"symbol": "005930", "name": "삼성전자", "condition": "gte", "target_price": 90000, "price": 90100}


def until(is_true: Callable[[], Any], what: str, timeout_s: float = 20.0) -> None:
    """Wait for something that another process or thread does."""
    deadline = time.monotonic() + timeout_s
    while not is_true():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.02)


def rows(**equals: Any) -> list[Message]:
    with db.transaction(read_only=True) as session:
        return list(session.scalars(select(Message).filter_by(**equals).order_by(Message.id)))


def statuses() -> list[str]:
    return [row.status for row in rows()]


@pytest.fixture
def telegram(environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Telegram]:
    """A server whose faults repeat from run to run; the service's settings point to it."""
    with running_telegram(log=tmp_path / "received.jsonl", seed=1) as server:
        for name, value in (("TELEGRAM_BOT_TOKEN", TOKEN), ("TELEGRAM_API_URL", server.url), ("NO_PROXY", "127.0.0.1")):
            monkeypatch.setenv(name, value)
            environment[name] = value
        load_settings.cache_clear()
        yield server


@pytest.fixture
def queue(environment: dict[str, str]) -> Callable[..., int]:
    """Put a message into the outbox; gives its id."""
    numbers = iter(range(1, 100_000))

    def queue(chat_id: int | None, text: str | None = None, now: datetime | None = None, **words: Any) -> int:
        kind, payload = ("text", {"text": text}) if text is not None else ("price_alert", FIRED)
        key = f"test:{next(numbers)}"
        values = {"kind": kind, "payload": payload, "now": now or clock.now(), "chat_id": chat_id, **words}
        with db.transaction() as session:
            assert outbox.add(session, dedup_key=key, **values)
        return rows(dedup_key=key)[0].id

    return queue


@pytest.fixture
def person(environment: dict[str, str]) -> Callable[..., int]:
    """Somebody with a chat; gives the account's id."""

    def person(chat_id: int | None, **words: Any) -> int:
        now = clock.now()
        values = {"username": f"tg_{chat_id}", "telegram_chat_id": chat_id, "created_at": now, "updated_at": now}
        with db.transaction() as session:
            user = User(**{**values, **words})
            session.add(user)
            session.flush()
            return user.id

    return person


@contextmanager
def running_sender(telegram: Telegram, lease_s: float = 3.0) -> Iterator[Sender]:
    """A real sender with a real Bot in a thread's event loop; leaving the block stops it as SIGTERM would."""
    made: list[tuple[Sender, asyncio.AbstractEventLoop, asyncio.Event]] = []
    failures: list[BaseException] = []
    is_up = threading.Event()

    async def live() -> None:
        request = HTTPXRequest(connection_pool_size=16, read_timeout=2, pool_timeout=30)
        bot = Bot(telegram.token, base_url=f"{telegram.url}/bot", request=request)
        async with request:
            sender, stop = Sender(bot, lease_s=lease_s), asyncio.Event()
            made.append((sender, asyncio.get_running_loop(), stop))
            is_up.set()
            await sender.run(stop)

    def run() -> None:
        try:
            asyncio.run(live())
        except BaseException as error:  # noqa: BLE001 - shown by the test that started it
            failures.append(error)
            is_up.set()

    thread = threading.Thread(target=run, name="sender")
    thread.start()
    assert is_up.wait(10)
    try:
        yield made[0][0]
    finally:
        made[0][1].call_soon_threadsafe(made[0][2].set)
        thread.join(15)
    assert not thread.is_alive(), "the sender did not stop"
    assert not failures, failures


class BotProcess:
    """`python -m app bot` as a child, with everything that could be said about it in one file."""

    def __init__(self, environment: dict[str, str], output: Path, *program: str) -> None:
        words = [sys.executable, *(program or STRICT_BOT)]
        self.output = output
        with output.open("ab") as file:
            self._child = subprocess.Popen(
                words, cwd=ROOT, env={**os.environ, **environment}, stdout=file, stderr=subprocess.STDOUT
            )

    def kill(self) -> None:
        self._child.kill()
        self._child.wait()

    def stop(self) -> int:
        """As a supervisor does; gives the exit code."""
        self._child.send_signal(signal.SIGTERM)
        return self._child.wait(10)

    @property
    def is_alive(self) -> bool:
        return self._child.poll() is None


@pytest.fixture
def bot_process(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., BotProcess]]:
    """Start the bot, or another program with the bot's environment, any number of times."""
    started: list[BotProcess] = []

    def start(*program: str, **extra: str) -> BotProcess:
        started.append(BotProcess({**environment, **extra}, tmp_path / "bot.out", *program))
        return started[-1]

    yield start
    for process in started:
        if process.is_alive:
            process.kill()
