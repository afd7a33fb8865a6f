"""Names of backups: a moment in UTC, and a number that keeps their order when the clock does not."""

import re
from collections.abc import Iterable
from datetime import datetime

LATEST = "latest"
_NAME = re.compile(r"\d{8}T\d{6}Z-(\d{4,9})")


def is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def number_of(name: str) -> int:
    found = _NAME.fullmatch(name)
    if not found:
        raise ValueError(f"not the name of a backup: {name}")
    return int(found[1])


def next_name(existing: Iterable[str], now: datetime) -> str:
    """One more than the newest, whatever the clock says: two in one second, or a clock set back, keep their order."""
    newest = max(map(number_of, existing), default=0)
    return f"{now:%Y%m%dT%H%M%SZ}-{newest + 1:04}"
