"""Waiting until every part is healthy, and saying why when one is not."""

import time
from collections.abc import Sequence
from pathlib import Path

from opsctl import console
from opsctl.errors import OpsctlError
from opsctl.runtimes import Runtime, Service
from opsctl.settings import Settings

LOOK_EVERY_S = 0.25
GONE_LOOKS = 4  # a container is "stopped" for a moment between two tries of its restart policy
LAST_LINES = 5
TAIL_BYTES = 16 * 1024


def until_healthy(runtime: Runtime, settings: Settings, names: Sequence[str] = ()) -> tuple[Service, ...]:
    """Every service (or those named), once each is healthy or left out on purpose; a line on stderr for each change.

    Raises OpsctlError with the sick part and its last log lines after runtime.ready_timeout_s, at once when one ended.
    """
    started = time.monotonic()
    said: dict[str, str] = {}
    gone = 0
    while True:
        services = [one for one in runtime.services(settings) if not names or one.name in names]
        seconds = time.monotonic() - started
        sick = [one for one in services if not one.is_well]
        if sick and not said:
            console.progress(f"waiting for {', '.join(one.name for one in sick)}")
        _report(services, said, seconds)
        if not sick:
            return tuple(services)
        gone = gone + 1 if any(not one.is_up for one in sick) else 0
        if gone >= GONE_LOOKS:
            ended = [one for one in sick if not one.is_up]
            raise _failure(ended, "ended instead of serving", "service.ended", settings)
        if seconds > settings.runtime.ready_timeout_s:
            raise _failure(sick, f"not healthy after {console.duration(seconds)}", "service.unhealthy", settings)
        time.sleep(LOOK_EVERY_S)


def _report(services: Sequence[Service], said: dict[str, str], seconds: float) -> None:
    """One line when a part's health becomes another; a system that was healthy all along needs none."""
    is_first = not said
    for one in services:
        if said.get(one.name) != one.health:
            said[one.name] = one.health
            if one.is_up and one.health != "starting" and not (is_first and one.is_well):
                console.progress(_line(one, seconds))


def _line(service: Service, seconds: float) -> str:
    detail = f" ({service.detail})" if service.detail else ""
    return f"{service.name:<10} {service.health}{detail} after {seconds:.1f} s"


def _failure(sick: Sequence[Service], what: str, cause: str, settings: Settings) -> OpsctlError:
    names = ", ".join(one.name for one in sick)
    details = dict.fromkeys(one.detail for one in sick if one.detail)
    lines = [f"| {line}" for line in last_words(settings.logs_dir)]
    return OpsctlError(
        "\n".join([f"{names} {what}", *details, *lines]), cause=cause, hint=f"opsctl logs tail {sick[0].name}"
    )


def last_words(folder: Path) -> list[str]:
    """The last lines of the log file that was written last; nothing when there is none."""
    try:
        files = [file for file in folder.iterdir() if file.suffix in (".log", ".out") and file.stat().st_size]
        newest = max(files, key=lambda file: file.stat().st_mtime)
        with newest.open("rb") as log:
            log.seek(max(0, newest.stat().st_size - TAIL_BYTES))
            text = log.read(TAIL_BYTES).decode(errors="replace")
    except (OSError, ValueError):
        return []
    return text.splitlines()[-LAST_LINES:]
