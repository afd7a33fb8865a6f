"""Is a part of this process's container alive? Standard library only, settings from the process environment only."""

import os
import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path

HEALTHY, UNHEALTHY = 0, 1
SHORTEST_SILENCE_S = 60.0
TICKS_MISSED = 3
TIMEOUT_S = 5.0


def check(part: str) -> int:
    """0 healthy, 1 not; says why on one line."""
    healthy, reason = _api() if part == "api" else _heartbeat(part)
    print(f"{part}: {reason}", file=sys.stdout if healthy else sys.stderr)
    return HEALTHY if healthy else UNHEALTHY


def _api() -> tuple[bool, str]:
    """Ready, not just alive: an API without its database serves nobody."""
    connection = HTTPConnection("127.0.0.1", int(os.environ.get("API_PORT") or 8000), timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/ready")
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        return False, f"no answer ({type(error).__name__})"
    finally:
        connection.close()
    return status == 200, f"/ready answers {status}"


def _heartbeat(part: str) -> tuple[bool, str]:
    file = Path(os.environ.get("HEARTBEAT_DIR") or "data/heartbeats") / part
    longest = max(SHORTEST_SILENCE_S, TICKS_MISSED * float(os.environ.get("TICK_SECONDS") or 5))
    try:
        age = time.time() - file.stat().st_mtime
    except FileNotFoundError:
        return False, "no heartbeat yet"
    return age <= longest, f"last heartbeat {age:.0f} s ago"
