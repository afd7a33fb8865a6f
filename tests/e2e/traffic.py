"""People who use the API all the while, and what they saw."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

PER_SECOND = 50
PEOPLE = 4


@dataclass
class Seen:
    """Answers by status; an answer that never came counts under the error's name."""

    answers: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0

    @property
    def failed(self) -> dict[str, int]:
        return {what: count for what, count in self.answers.items() if not what.isdigit() or int(what) >= 500}


@contextmanager
def all_the_while(url: str) -> Iterator[Seen]:
    """About 50 requests a second, one in four a POST, each on a connection of its own, until the block ends."""
    seen, stop, lock = Seen(), threading.Event(), threading.Lock()

    def use(number: int) -> None:
        turn = number
        while not stop.wait(PEOPLE / PER_SECOND):
            turn += 1
            started = time.monotonic()
            try:
                if turn % 4:
                    answer = httpx.get(f"{url}/symbols/", timeout=10, trust_env=False)
                else:
                    answer = httpx.post(f"{url}/alerts/", json={}, timeout=10, trust_env=False)
                what = str(answer.status_code)
            except httpx.HTTPError as error:
                what = type(error).__name__
            with lock:
                seen.answers[what] += 1
                seen.slowest_s = max(seen.slowest_s, time.monotonic() - started)

    people = [threading.Thread(target=use, args=(number,), daemon=True) for number in range(PEOPLE)]
    for one in people:
        one.start()
    try:
        yield seen
    finally:
        stop.set()
        for one in people:
            one.join(15)
