"""The clock: time in Korea can be told, and time has not gone back."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from opsctl import console
from opsctl.checks.context import Context
from opsctl.checks.finding import Finding, error, ok

AHEAD_S = 120  # a file that much in the future was written under another clock
FOLDERS = (".opsctl", "logs", "backups", "data")


def look(context: Context) -> list[Finding]:
    try:
        korea = context.now.astimezone(ZoneInfo("Asia/Seoul"))
    except (ZoneInfoNotFoundError, OSError):
        return [error("this Python does not know Asia/Seoul", "pip install tzdata")]
    if korea.utcoffset() != timedelta(hours=9):
        return [error(f"Asia/Seoul is at {korea:%z}, not +0900: the zone data is wrong", "pip install tzdata")]
    if newest := newest_file(context.project):
        path, ahead_s = newest[0], newest[1] - context.now.timestamp()
        if ahead_s > AHEAD_S:
            message = f"{path.name} was written {console.duration(ahead_s)} in the future: this clock is behind"
            return [error(message, "timedatectl status")]
    return [ok(f"{korea:%Y-%m-%d %H:%M:%S} KST, {context.now:%H:%M} UTC")]


def newest_file(project: Path) -> tuple[Path, float] | None:
    """What was written last in the folders the system writes to, and when (seconds since 1970)."""
    dated = [(modified, path) for path in _written(project) if (modified := _modified(path)) is not None]
    return (max(dated)[1], max(dated)[0]) if dated else None


def _written(project: Path) -> Iterator[Path]:
    for name in FOLDERS:
        folder = project / name
        with suppress(OSError):  # a folder that is not there, or closed: another check tells
            yield from folder.iterdir()


def _modified(path: Path) -> float | None:
    try:
        return path.lstat().st_mtime
    except OSError:
        return None
