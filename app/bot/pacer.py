"""When which chat may be written to."""

import math
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass

MAX_PER_S = 28.0  # Telegram allows about 30 for all chats together
MIN_PER_S = 15.0
RISE_PER_SUCCESS = 0.2
FALL = 0.8
CHAT_GAP_S = 1.0
GROUP_LIMIT = 20
GROUP_WINDOW_S = 60.0
HOLD_MARGIN_S = 0.25  # retry_after is in whole seconds, and clocks differ
LONGEST_BACK_OFF_S = 30.0
LONGEST_TEST_S = 2.0  # between messages that test a server which answers, but not them
TROUBLE_AFTER = 3  # failures in a row
REMEMBERED_CHATS = 10_000


@dataclass(frozen=True, order=True)
class Candidate:
    """Sorts in the order of sending: replies before alerts, old before new."""

    priority: int
    id: int
    chat_id: int


class Pacer:
    """All times are seconds of one monotonic clock. One instance owns the token's whole budget.

    A chat that has a message under way gets no second one, and its gap counts from Telegram's answer:
    so the gap holds at the server whatever the network did.
    """

    def __init__(self) -> None:
        self.rate_per_s = MAX_PER_S
        self.held_until = -math.inf
        self._next_start = -math.inf
        self._chats: dict[int, float] = {}
        self._groups: defaultdict[int, deque[float]] = defaultdict(lambda: deque(maxlen=GROUP_LIMIT))
        self._busy: set[int] = set()
        self._failures = 0
        self._last_fall = -math.inf
        self._refused: dict[int, int] = {}  # chat -> successes of all chats when it was last told to wait
        self._successes = 0

    # -- choosing

    def choose(self, candidates: Iterable[Candidate], now: float) -> tuple[Candidate | None, float]:
        """The one to send next, or None and the seconds until one may be (infinity: not before something changes)."""
        waiting = list(candidates)
        ready = [candidate for candidate in waiting if self.chat_wait(candidate.chat_id, now) <= 0]
        if ready:
            return min(ready), 0.0
        return None, min((self.chat_wait(candidate.chat_id, now) for candidate in waiting), default=math.inf)

    def chat_wait(self, chat_id: int, now: float) -> float:
        if chat_id in self._busy:
            return math.inf
        ready_at = self._chats.get(chat_id, -math.inf)
        sent = self._groups.get(chat_id)
        if sent and len(sent) == GROUP_LIMIT:
            ready_at = max(ready_at, sent[0] + GROUP_WINDOW_S + HOLD_MARGIN_S)
        return max(0.0, ready_at - now)

    def resting_chats(self, now: float) -> set[int]:
        """Chats it is no use to fetch messages for; those that are ready in a moment are not among them."""
        return {chat_id for chat_id in (*self._chats, *self._busy) if self.chat_wait(chat_id, now) > CHAT_GAP_S}

    # -- the wire, shared by all chats

    def wire_wait(self, now: float) -> float:
        return max(0.0, max(self._next_start, self.held_until) - now)

    def is_held(self, now: float) -> bool:
        return self.held_until > now

    @property
    def is_in_trouble(self) -> bool:
        """Several failures in a row: send one at a time, to spare the messages their bounded repeats."""
        return self._failures >= TROUBLE_AFTER

    def take_wire(self, now: float) -> None:
        """The bytes go out now."""
        self._next_start = now + 1 / self.rate_per_s

    # -- one message's way

    def begin(self, chat_id: int) -> None:
        self._busy.add(chat_id)

    def put_back(self, chat_id: int) -> None:
        """It was not sent after all."""
        self._busy.discard(chat_id)

    def finish(self, chat_id: int, now: float) -> None:
        """An answer came, or none ever will."""
        self._busy.discard(chat_id)
        self._chats[chat_id] = max(self._chats.get(chat_id, -math.inf), now + CHAT_GAP_S)
        if chat_id < 0:
            self._groups[chat_id].append(now)
        if len(self._chats) > REMEMBERED_CHATS:
            self._forget(now)

    def succeed(self, chat_id: int) -> None:
        self._failures = 0
        self._successes += 1
        self._refused.pop(chat_id, None)
        self.rate_per_s = min(MAX_PER_S, self.rate_per_s + RISE_PER_SUCCESS)

    # -- what Telegram or the network said

    def hold(self, chat_id: int, seconds: float, now: float) -> bool:
        """Be quiet. True if that goes for every chat.

        A 429 does not say whose limit it was, so everybody waits, and this chat a moment longer: when it is told
        again although others were served in that moment, the limit is its own, and must not starve them.
        """
        until = now + seconds + HOLD_MARGIN_S
        self._chats[chat_id] = max(self._chats.get(chat_id, -math.inf), until + CHAT_GAP_S)
        is_own_limit = self._successes > self._refused.get(chat_id, self._successes)
        self._refused[chat_id] = self._successes
        if is_own_limit:
            return False
        self.hold_all(until)
        if now - self._last_fall > 1:  # answers to one burst are one event
            self._last_fall = now
            self.rate_per_s = max(MIN_PER_S, self.rate_per_s * FALL)
        return True

    def hold_all(self, until: float) -> None:
        self.held_until = max(self.held_until, until)

    def back_off(self, now: float, *, tolerate: int = 0, longest_s: float = LONGEST_BACK_OFF_S) -> None:
        """A failure: nobody tries for 1, 2, 4 … seconds. The first `tolerate` in a row are free.

        Failures that arrive while we are quiet already belong to one burst, and count once.
        """
        if self.is_held(now):
            return
        self._failures += 1
        steps = self._failures - tolerate
        if steps > 0:
            self.hold_all(now + min(longest_s, 2.0 ** min(steps - 1, 10)))

    def _forget(self, now: float) -> None:
        self._chats = {chat_id: at for chat_id, at in self._chats.items() if at > now}
        for chat_id in [chat_id for chat_id, sent in self._groups.items() if sent[-1] + GROUP_WINDOW_S < now]:
            del self._groups[chat_id]
