"""The sender's way to the database: off the event loop, and many small steps in one commit."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from app import db

T = TypeVar("T")
Step = Callable[[Session], Any]

MOST_STEPS = 100


@dataclass(frozen=True)
class _Entry:
    step: Step
    done: asyncio.Future[Any]


class Ledger:
    """While one transaction commits the next steps gather, so the busier it is the fewer commits a step costs."""

    def __init__(self) -> None:
        self._waiting: list[_Entry] = []
        self._writer: asyncio.Task[None] | None = None

    async def write(self, step: Callable[[Session], T]) -> T:
        """Run the step in a transaction; returns after the commit. Raises what the step or the database raises.

        A step may run twice (the first time rolled back), never in the event loop's thread.
        """
        entry = _Entry(step, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all())
        result: T = await entry.done
        return result

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST_STEPS], self._waiting[MOST_STEPS:]
                await self._write_batch(batch)
        finally:
            self._writer = None

    async def _write_batch(self, batch: list[_Entry]) -> None:
        try:
            results = await asyncio.to_thread(_run, [entry.step for entry in batch])
        except Exception as error:  # noqa: BLE001 - handed to whoever asked
            if len(batch) == 1:
                _fail(batch[0], error)
                return
            for entry in batch:  # one bad step must not undo the others
                await self._write_batch([entry])
            return
        for entry, result in zip(batch, results, strict=True):
            if not entry.done.done():
                entry.done.set_result(result)


def _run(steps: list[Step]) -> list[Any]:
    with db.transaction() as session:
        return [step(session) for step in steps]


def _fail(entry: _Entry, error: Exception) -> None:
    if not entry.done.done():
        entry.done.set_exception(error)
