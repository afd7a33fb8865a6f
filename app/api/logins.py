"""Failed logins: after too many, the door closes for a while."""

import threading
from collections import OrderedDict

from app.errors import TooManyRequests
from app.texts import en

WINDOW_S = 15 * 60.0
# Few from one address; many from everywhere, or a stranger could keep the owner out.
FAILURES_FROM_ONE_ADDRESS = 5
FAILURES_FROM_ALL = 100
KEYS_REMEMBERED = 10_000


class FailedLogins:
    """In memory, so for one process: a restart forgives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: OrderedDict[tuple[str, str], list[float]] = OrderedDict()

    def check(self, name: str, address: str, now_s: float) -> None:
        """Raises TooManyRequests, with the seconds until the next try is looked at."""
        with self._lock:
            for key, allowed in _limits(name, address):
                recent = self._recent(key, now_s)
                if len(recent) >= allowed:
                    raise TooManyRequests(
                        en.TOO_MANY_LOGINS, retry_after_s=int(recent[-allowed] + WINDOW_S - now_s) + 1
                    )

    def note(self, name: str, address: str, now_s: float) -> None:
        with self._lock:
            for key, allowed in _limits(name, address):
                self._failures[key] = [*self._recent(key, now_s), now_s][-allowed:]
                self._failures.move_to_end(key)
            while len(self._failures) > KEYS_REMEMBERED:
                self._failures.popitem(last=False)

    def forget(self, name: str, address: str) -> None:
        with self._lock:
            self._failures.pop((name, address), None)

    def forget_all(self) -> None:
        with self._lock:
            self._failures.clear()

    def _recent(self, key: tuple[str, str], now_s: float) -> list[float]:
        return [moment for moment in self._failures.get(key, ()) if moment > now_s - WINDOW_S]


def _limits(name: str, address: str) -> tuple[tuple[tuple[str, str], int], ...]:
    return ((name, address), FAILURES_FROM_ONE_ADDRESS), ((name, ""), FAILURES_FROM_ALL)
