"""Failed logins: after too many, the door closes for a while."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import AppError, TooManyRequests
from app.texts import en

WINDOW_S = 15 * 60.0
# Few from one address; many from everywhere, or a stranger could keep the owner out.
FAILURES_FROM_ONE_ADDRESS = 5
FAILURES_FROM_ALL = 100
# One address that tries one password on many accounts.
ADDRESS_WINDOW_S = 60.0
FAILURES_ON_ALL_ACCOUNTS = 20
KEYS_REMEMBERED = 10_000

Key = tuple[str, str, str]


class FailedLogins:
    """In memory, so for one process: a restart forgives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: OrderedDict[Key, list[float]] = OrderedDict()

    @contextmanager
    def attempt(self, name: str, address: str, now_s: float) -> Iterator[None]:
        """Raises TooManyRequests, with the seconds until the next try is looked at.

        Counts as failed from its beginning, or many at once would all be let in. Success, or a failure of ours,
        takes that back; success also forgives this account's earlier ones from this address.
        """
        self._admit(name, address, now_s)
        try:
            yield
        except AppError:
            raise
        except BaseException:
            self._take_back(name, address, now_s)
            raise
        self._take_back(name, address, now_s)
        with self._lock:
            self._failures.pop(_key_of_account(name, address), None)

    def forget_all(self) -> None:
        with self._lock:
            self._failures.clear()

    def _admit(self, name: str, address: str, now_s: float) -> None:
        with self._lock:
            limits = _limits(name, address)
            recent = {
                key: [moment for moment in self._failures.get(key, ()) if moment > now_s - window_s]
                for key, _, window_s in limits
            }
            for key, allowed, window_s in limits:
                if len(recent[key]) >= allowed:
                    wait_s = int(recent[key][-allowed] + window_s - now_s) + 1
                    raise TooManyRequests(en.TOO_MANY_LOGINS, retry_after_s=wait_s)
            for key, moments in recent.items():
                self._failures[key] = [*moments, now_s]
                self._failures.move_to_end(key)
            while len(self._failures) > KEYS_REMEMBERED:
                self._failures.popitem(last=False)

    def _take_back(self, name: str, address: str, now_s: float) -> None:
        with self._lock:
            for key, _, _ in _limits(name, address):
                moments = self._failures.get(key, [])
                if now_s in moments:
                    moments.remove(now_s)
                if not moments:
                    self._failures.pop(key, None)


def _key_of_account(name: str, address: str) -> Key:
    return "account from address", name, address


def _limits(name: str, address: str) -> tuple[tuple[Key, int, float], ...]:
    """What is counted, how many are allowed, in how many seconds."""
    return (
        (_key_of_account(name, address), FAILURES_FROM_ONE_ADDRESS, WINDOW_S),
        (("account", name, ""), FAILURES_FROM_ALL, WINDOW_S),
        (("address", "", address), FAILURES_ON_ALL_ACCOUNTS, ADDRESS_WINDOW_S),
    )
