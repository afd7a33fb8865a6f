"""opsctl logs tail"""

import time
from collections.abc import Iterator
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from opsctl import console
from opsctl.errors import NotReady
from opsctl.logs import FILES, files
from opsctl.logs.lines import Line
from opsctl.logs.tail import Filter, Followed, last_lines
from opsctl.options import AsJson, Services
from opsctl.redaction import hide
from opsctl.settings import load_settings

POLL_S = 0.25
MOST_LINES = 100_000
SERVICE_STYLES = {"api": "green", "bot": "magenta", "scheduler": "blue"}
LEVEL_STYLES = {"DEBUG": "dim", "INFO": "", "WARNING": "yellow", "ERROR": "bold red", "CRITICAL": "bold white on red"}


class Level(StrEnum):
    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


def tail(
    services: Services = None,
    lines: Annotated[int, typer.Option("-n", "--lines", min=0, max=MOST_LINES, help="How many lines, together.")] = 20,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on with what is written; Ctrl-C ends.")] = False,
    level: Annotated[
        Level, typer.Option("--level", case_sensitive=False, help="This level and those above it.")
    ] = Level.DEBUG,
    grep: Annotated[str, typer.Option("--grep", metavar="TEXT", help="Lines with this text, whatever its case.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show the last lines of all services in the order of time, and follow them.

    A rotation in between loses no line and doubles none.

    Exit codes: 0 done, 2 wrong words, 5 there are no logs yet, 130 a followed log was left with Ctrl-C.
    Example: opsctl logs tail api bot -f --level warning
    """
    if follow and as_json:
        raise typer.BadParameter("--json prints one document, and --follow never ends: choose one of them")
    paths = chosen_paths(load_settings().logs_dir, services or [])
    wanted = Filter(level.value, grep)
    if follow:
        _follow(paths, lines, wanted)
        return
    found = last_lines(paths, lines, wanted)
    console.result({"lines": found}, as_json=as_json, show=lambda: list(map(shown, found)))


def chosen_paths(folder: Path, services: list[str]) -> list[Path]:
    """The log files of the services that were named, or all; a service that never ran is followed too."""
    there = {log.service: log.path for log in files.find(folder)}
    known = {service: folder / name for service, name in FILES.items()} | there
    for service in services:
        if service not in known:
            raise typer.BadParameter(f"there is no log of {service!r}; choose from {', '.join(known)}")
    if not services and not there:
        raise NotReady(f"there are no logs in {folder} yet", cause="logs.missing", hint="opsctl up")
    return [known[service] for service in dict.fromkeys(services or known)]


def _follow(paths: list[Path], count: int, wanted: Filter) -> None:
    followed = Followed(paths, wanted)
    try:
        for lines in _batches(followed, count):
            if lines:
                console.result(lines, as_json=False, show=partial(list, map(shown, lines)))
    finally:
        followed.close()


def _batches(followed: Followed, count: int) -> Iterator[list[Line]]:
    yield followed.history(count)
    while True:
        yield followed.poll()
        time.sleep(POLL_S)


def shown(line: Line) -> Any:
    from rich.text import Text

    text = Text(f"{line.moment:%m-%d %H:%M:%S} ", style="dim")
    text.append(f"{line.service:<9} ", style=SERVICE_STYLES.get(line.service, "cyan"))
    text.append(f"{line.level:<8} ", style=LEVEL_STYLES[line.level])
    if line.logger:
        text.append(console.printable(f"{line.logger}: "), style="dim")
    return text.append(console.printable(hide(line.text)).replace("\n", " "), style=LEVEL_STYLES[line.level])
