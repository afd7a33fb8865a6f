"""now(): the only source of time."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

KST = ZoneInfo("Asia/Seoul")


def now() -> datetime:
    """The current moment, aware, in UTC."""
    return datetime.now(UTC)


def in_korea(moment: datetime) -> datetime:
    """The same moment as people in Korea read it; only for showing."""
    return moment.astimezone(KST)
