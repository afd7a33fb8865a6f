"""What the API says about itself and the other parts at /ready."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

LARGEST_ANSWER = 256 * 1024


@dataclass(frozen=True)
class Part:
    """One part (`database`, `scheduler`, `bot`), as the API sees it."""

    status: str  # ok, failed, disabled, starting
    detail: str = ""
    age_seconds: float | None = None


@dataclass(frozen=True)
class Job:
    """The last run of one scheduled job."""

    last_run_at: str | None = None  # ISO 8601
    age_seconds: float | None = None
    outcome: str | None = None


@dataclass(frozen=True)
class Readiness:
    status: str  # ok, degraded, unavailable
    parts: Mapping[str, Part] = field(default_factory=dict)
    jobs: Mapping[str, Job] = field(default_factory=dict)


def ask(url: str, *, timeout_s: float = 2) -> Readiness | None:
    """Ask the API at this URL. None when nothing answers, or something that is not our API."""
    at = urlsplit(url)
    connection = HTTPConnection(at.hostname or "127.0.0.1", at.port, timeout=timeout_s)  # no proxy of the shell's
    try:
        connection.request("GET", "/ready", headers={"Connection": "close"})
        return understand(connection.getresponse().read(LARGEST_ANSWER))
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def understand(answer: bytes) -> Readiness | None:
    """Whoever listens on the port may send anything: what does not look like our document is None."""
    try:
        document = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not isinstance(document.get("parts"), dict):
        return None
    return Readiness(
        status=str(document.get("status", "")),
        parts={str(name): _part(one) for name, one in document["parts"].items() if isinstance(one, dict)},
        jobs={str(name): _job(one) for name, one in _dict(document.get("jobs")).items() if isinstance(one, dict)},
    )


def _part(document: dict[str, Any]) -> Part:
    return Part(
        status=str(document.get("status", "")),
        detail=_text(document.get("detail")) or "",
        age_seconds=_number(document.get("age_seconds")),
    )


def _job(document: dict[str, Any]) -> Job:
    return Job(
        last_run_at=_text(document.get("last_run_at")),
        age_seconds=_number(document.get("age_seconds")),
        outcome=_text(document.get("outcome")),
    )


def _dict(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
