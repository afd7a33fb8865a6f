"""The limits a Telegram Bot API server enforces, per token."""

import math
from collections import defaultdict, deque
from dataclasses import dataclass

GROUP_WINDOW_S = 60.0


@dataclass
class Limits:
    """Messages a bot may send; zero switches a limit off."""

    overall_per_s: int = 30
    per_chat_per_s: float = 1.0
    per_chat_burst: int = 3
    per_group_per_minute: int = 20


class LimitKeeper:
    """Counts accepted messages; times are seconds of a monotonic clock."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._overall: deque[float] = deque()
        self._chats: dict[int, tuple[float, float]] = {}  # tokens left, when they were counted
        self._groups: defaultdict[int, deque[float]] = defaultdict(deque)

    def admit(self, chat_id: int, now: float) -> int:
        """Zero if the message is accepted (and counted), else the seconds to wait."""
        wait_s = max(self._overall_wait(now), self._chat_wait(chat_id, now), self._group_wait(chat_id, now))
        if wait_s > 0:
            return math.ceil(wait_s)
        self._overall.append(now)
        tokens, _ = self._tokens(chat_id, now)
        self._chats[chat_id] = (tokens - 1, now)
        if chat_id < 0:
            self._groups[chat_id].append(now)
        return 0

    def _overall_wait(self, now: float) -> float:
        return _window_wait(self._overall, self.limits.overall_per_s, 1.0, now)

    def _group_wait(self, chat_id: int, now: float) -> float:
        if chat_id >= 0:
            return 0.0
        return _window_wait(self._groups[chat_id], self.limits.per_group_per_minute, GROUP_WINDOW_S, now)

    def _chat_wait(self, chat_id: int, now: float) -> float:
        if not self.limits.per_chat_per_s:
            return 0.0
        tokens, _ = self._tokens(chat_id, now)
        return 0.0 if tokens >= 1 else (1 - tokens) / self.limits.per_chat_per_s

    def _tokens(self, chat_id: int, now: float) -> tuple[float, float]:
        burst = float(self.limits.per_chat_burst)
        tokens, counted = self._chats.get(chat_id, (burst, now))
        return min(burst, tokens + (now - counted) * self.limits.per_chat_per_s), now


def _window_wait(accepted: deque[float], limit: int, window_s: float, now: float) -> float:
    while accepted and accepted[0] <= now - window_s:
        accepted.popleft()
    if not limit or len(accepted) < limit:
        return 0.0
    return accepted[0] + window_s - now
