"""One process: its parts in one event loop, ended together."""

import asyncio
import importlib
import logging
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from app import alive, logs
from app.errors import NotReady
from app.settings import load_settings

STOPPED, DIED = 0, 1
# The supervisor kills after 10 s; ending ourselves before that keeps the exit code ours.
LONGEST_STOP_S = 9.5

log = logging.getLogger("app")

Part = Callable[[asyncio.Event], Awaitable[None]]


def run_parts(names: tuple[str, ...]) -> int:
    """0 when stopped by a signal, 1 when a part ended by itself. Raises NotReady before anything is started."""
    settings = load_settings()
    if "api" in names:
        settings.require_jwt_key()
    logs.configure(names, settings)
    parts: dict[str, Part] = {name: importlib.import_module(f"app.{name}.main").run for name in names}
    return asyncio.run(_supervise(parts))


async def _supervise(parts: dict[str, Part]) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, _stop, stop)
    tasks = {asyncio.create_task(_run_part(name, part, stop), name=name) for name, part in parts.items()}
    asked = asyncio.create_task(stop.wait())
    await asyncio.wait({*tasks, asked}, return_when=asyncio.FIRST_COMPLETED)
    was_asked = stop.is_set()
    _stop(stop)
    results: list[Any] = await asyncio.gather(*tasks, return_exceptions=True)
    asked.cancel()
    for failure in results:
        if isinstance(failure, BaseException):
            raise failure
    log.info("stopped")
    return STOPPED if was_asked and all(results) else DIED


async def _run_part(name: str, part: Part, stop: asyncio.Event) -> bool:
    """True when it ended because it was asked to. A part's failure ends the process: its supervisor starts it again."""
    logs.part.set(name)
    log.info("%s starts", name)
    telling = asyncio.create_task(alive.tell(name))
    try:
        await part(stop)
    except NotReady:
        raise
    except Exception:
        log.exception("%s died", name)
        return False
    finally:
        telling.cancel()
    if not stop.is_set():
        log.error("%s ended by itself", name)
        return False
    return True


def _stop(stop: asyncio.Event) -> None:
    """A thread that hangs in a driver must not hold the process beyond the supervisor's patience."""
    if not stop.is_set():
        stop.set()
        timer = threading.Timer(LONGEST_STOP_S, os._exit, args=(DIED,))
        timer.daemon = True
        timer.start()
