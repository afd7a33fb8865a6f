#!/usr/bin/env python3
"""leashed SECONDS PROGRAM [WORD]...: run a program that ends when our standard input does, or when its time is up.

`docker exec` leaves what it started running in the container when its own end comes: Ctrl-C, a lost
terminal, a kill. Its standard input is closed in every one of these cases, so that is what we watch.
Ends with the program's exit status, or 124 when it was ended by us. Its stderr goes to our stdout.
"""

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress

GRACE_S = 5
TIMED_OUT = 124


def main(limit_s: float, argv: list[str]) -> int:
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, start_new_session=True)
    deadline = time.monotonic() + limit_s
    while child.poll() is None:
        if time.monotonic() > deadline or _stdin_has_ended():
            _end(child)
            return TIMED_OUT
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def _stdin_has_ended() -> bool:
    readable, _, _ = select.select([sys.stdin], [], [], 0.2)
    return bool(readable) and not os.read(sys.stdin.fileno(), 1024)


def _end(child: "subprocess.Popen[bytes]") -> None:
    """The whole group: pytest starts workers, and tests start programs. First as Ctrl-C does, so that it tidies up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with suppress(subprocess.TimeoutExpired):
            child.wait(timeout=GRACE_S)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
