"""Every source of market data by its name in QUOTE_PROVIDER."""

from collections.abc import Callable
from datetime import datetime

from app.clients.provider import Provider
from app.clients.replay import Replay
from app.settings import Settings

PROVIDERS: dict[str, Callable[[Settings, datetime], Provider]] = {
    "replay": lambda settings, now: Replay(settings.replay_dir, settings.replay_step_seconds, now),
}


def open_provider(settings: Settings, now: datetime) -> Provider:
    return PROVIDERS[settings.quote_provider](settings, now)
