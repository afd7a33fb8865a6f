"""The one place that hides secrets, by value."""

import base64
import re
from collections.abc import Iterable
from urllib.parse import quote

MASK = "•••"
SHORTEST_SECRET = 6  # hiding shorter values would blot out ordinary words
SECRET_KEY_PARTS = ("PASSWORD", "SECRET", "TOKEN", "API_KEY")

# Shapes that are secret wherever they come from, even when no environment file names their value.
_PATTERNS = (
    re.compile(r"(?<=://)(?P<user>[^:/@\s]*):(?P<secret>[^@\s]+)@"),
    re.compile(r"(?<!\d)\d{6,12}:[A-Za-z0-9_-]{30,}"),
)
_known: set[str] = set()


def is_secret_key(key: str) -> bool:
    """Whether the value of an environment key is never to be shown."""
    return any(part in key.upper() for part in SECRET_KEY_PARTS)


def remember(values: Iterable[str]) -> None:
    """From now on hide these values, and their URL-quoted and base64 forms, in everything printed or recorded."""
    for value in values:
        if len(value) >= SHORTEST_SECRET:
            _known.update((value, quote(value, safe=""), base64.b64encode(value.encode()).decode()))


def hide(text: str) -> str:
    """The text with every known secret replaced by a mask."""
    for value in sorted(_known, key=len, reverse=True):
        text = text.replace(value, MASK)
    text = _PATTERNS[0].sub(lambda found: f"{found['user']}:{MASK}@", text)
    return _PATTERNS[1].sub(MASK, text)
