"""A line every ten minutes with what was done: a log that stops growing belongs to a process that hangs."""

import asyncio
import logging
import threading
from collections import Counter

from app import logs

EVERY_S = 600.0

log = logging.getLogger(__name__)

_lock = threading.Lock()
_done: Counter[tuple[str, str]] = Counter()


def count(what: str, times: int = 1) -> None:
    """From any thread; it counts for the part that it is called in."""
    with _lock:
        _done[logs.part.get(), what] += times


async def tell(part: str) -> None:
    """For ever: what the part did since the last line."""
    while True:
        await asyncio.sleep(EVERY_S)
        log.info("alive: %s", _take(part))


def _take(part: str) -> str:
    with _lock:
        mine = {key: _done.pop(key) for key in sorted(_done) if key[0] == part}
    return ", ".join(f"{times} {what}" for (_, what), times in mine.items() if times) or "nothing to do"
