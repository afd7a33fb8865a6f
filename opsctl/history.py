"""The audit log: what was done, by whom, how it ended; each line holds the hash of the one before."""

import getpass
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from opsctl import console
from opsctl.errors import OpsctlError, Terminated
from opsctl.lock import only_one_opsctl
from opsctl.redaction import hide
from opsctl.settings import Settings

FILE_NAME = "history.jsonl"
FIRST = "0" * 64


@contextmanager
def recorded_change(settings: Settings, command: str, **details: Any) -> Iterator[dict[str, Any]]:
    """Hold the lock, and leave exactly one line in the audit log however the block ends.

    The block may add facts to the dict it is given (`backup_id`, rows …); values must be JSON.
    A command that was killed is recorded by the next one, from what it left in the lock.
    """
    file = settings.state_dir / FILE_NAME
    started = time.monotonic()
    facts: dict[str, Any] = dict(details)
    with only_one_opsctl(settings.state_dir, command) as left_behind:
        if left_behind:
            _record(file, _line(settings, str(left_behind["command"]), outcome="killed", since=left_behind["since"]))
        outcome: dict[str, Any] = {"outcome": "done", "exit_code": 0}
        try:
            yield facts
        except OpsctlError as error:
            outcome = {"outcome": "failed", "exit_code": error.exit_code, "cause": error.cause}
            raise
        except (KeyboardInterrupt, Terminated) as stop:
            outcome = {"outcome": "interrupted", "exit_code": getattr(stop, "exit_code", 130)}
            raise
        except BaseException as bug:
            outcome = {"outcome": "bug", "exit_code": 70, "cause": type(bug).__name__}
            raise
        finally:
            seconds = round(time.monotonic() - started, 3)
            _record(file, {**_line(settings, command, **outcome), "seconds": seconds, **facts})


def _record(file: Path, entry: dict[str, Any]) -> None:
    """A disk that is full must not hide how the command ended: that is told, and the log's line is missing."""
    try:
        append(file, entry)
    except OSError as error:
        console.warning(f"{file} could not be written: {error.strerror}")


def append(file: Path, entry: dict[str, Any]) -> None:
    """Add one line, chained to the last; the caller holds the lock."""
    entry = {**entry, "previous": last_hash(file)}
    text = hide(json.dumps(entry, ensure_ascii=False, default=str))
    entry = {**json.loads(text), "hash": hashlib.sha256(text.encode()).hexdigest()}
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    line = json.dumps(entry, ensure_ascii=False) + "\n"
    try:
        size_before = os.fstat(descriptor).st_size
        try:
            os.write(descriptor, line.encode())
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size_before)  # half a line would break the chain for ever
            raise
    finally:
        os.close(descriptor)


def last_hash(file: Path) -> str:
    if not file.exists():
        return FIRST
    lines = file.read_text(encoding="utf-8").splitlines()
    return str(json.loads(lines[-1])["hash"]) if lines else FIRST


def first_broken_line(file: Path) -> int | None:
    """The number (from 1) of the first line that was changed, removed or inserted; None when all is well."""
    previous = FIRST
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        entry = json.loads(line)
        said = entry.pop("hash")
        text = json.dumps(entry, ensure_ascii=False)
        if entry.get("previous") != previous or hashlib.sha256(text.encode()).hexdigest() != said:
            return number
        previous = said
    return None


def _line(settings: Settings, command: str, **outcome: Any) -> dict[str, Any]:
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "user": _user(),
        "command": command,
        "environment": settings.environment,
        **outcome,
    }


def _user() -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in some containers
        name = str(os.getuid())
    return f"{name} (for {os.environ['SUDO_USER']})" if "SUDO_USER" in os.environ else name
