"""One changing command at a time, with who holds it."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from opsctl.errors import Busy, OpsctlError

LONGEST_NOTE = 4096


@contextmanager
def only_one_opsctl(folder: Path, command: str) -> Iterator[dict[str, Any] | None]:
    """Hold the project's lock; gives what a killed holder left behind, None after an orderly end.

    The kernel drops a flock with its process, so a lock file that is lying around never blocks anyone.
    Raises Busy with the holder's command, process id and start time.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise OpsctlError(
            f"the lock in {folder} cannot be opened: {error.strerror}", cause="lock.file", hint=f"ls -ld {folder}"
        ) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy(_holder(descriptor)) from None
        left_behind = _holder(descriptor)
        _write(descriptor, json.dumps({"pid": os.getpid(), "command": command, "since": _now()}))
        try:
            yield left_behind
        finally:
            _write(descriptor, "")
    finally:
        os.close(descriptor)


def _busy(holder: dict[str, Any] | None) -> Busy:
    if holder is None:
        return Busy("another opsctl is at work", cause="lock.busy", hint="try again in a moment")
    return Busy(
        f"opsctl {holder['command']} is at work (pid {holder['pid']}, since {holder['since']})",
        cause="lock.busy",
        hint="wait for it to end, then type the same again",
    )


def _holder(descriptor: int) -> dict[str, Any] | None:
    try:
        holder = json.loads(os.pread(descriptor, LONGEST_NOTE, 0))
    except ValueError:
        return None
    return holder if isinstance(holder, dict) and {"command", "pid", "since"} <= holder.keys() else None


def _write(descriptor: int, note: str) -> None:
    """The lock holds without its note: `opsctl down` must work on a full disk."""
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, note.encode(), 0)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
