import asyncio
import logging

import pytest

from app import alive, logs
from app.process import _run_part


@pytest.fixture(autouse=True)
def _nothing_done_yet(monkeypatch):
    monkeypatch.setattr(alive, "EVERY_S", 0.02)
    alive._done.clear()


async def work(stop):
    alive.count("messages sent", 2)
    await asyncio.to_thread(alive.count, "messages sent")
    alive.count("updates answered", 0)
    await asyncio.sleep(0.07)
    stop.set()


def test_living_part_says_what_it_did_since_the_last_time(caplog):
    with caplog.at_level(logging.INFO):
        asyncio.run(_run_part("bot", work, asyncio.Event()))

    told = [record.message for record in caplog.records if record.message.startswith("alive")]
    assert told[:2] == ["alive: 3 messages sent", "alive: nothing to do"]


def test_parts_are_counted_apart():
    async def both():
        stop = asyncio.Event()
        alive.count("requests answered")
        await asyncio.gather(*(_run_part(name, work, stop) for name in ("bot", "scheduler")))

    asyncio.run(both())

    assert logs.part.get() == "api"
    assert alive._take("api") == "1 requests answered"
