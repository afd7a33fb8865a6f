"""All printing: results to stdout, everything else to stderr."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opsctl.errors import OpsctlError
from opsctl.redaction import hide

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDE = 100_000  # columns: nothing is folded

Show = Callable[[], "RenderableType | Iterable[RenderableType]"]


def progress(text: str) -> None:
    """Say what is going on, for people who watch."""
    _to_stderr(text, style="dim")


def warning(text: str) -> None:
    _to_stderr(f"warning: {text}", style="yellow")


def result(document: Any, *, as_json: bool, show: Show) -> None:
    """Print what the command is for: one JSON document, or what `show` returns for people.

    The document may hold dataclasses, mappings, sequences, paths and aware datetimes.
    """
    try:
        if as_json:
            print(hide(to_json(document)), flush=True)  # noqa: T201
        else:
            _show(show())
    except BrokenPipeError:
        raise
    except OSError as error:
        give_stdout_up()
        raise OpsctlError(
            f"the result could not be written: {error.strerror}", cause="output.failed", hint="look where stdout goes"
        ) from None


def _show(shown: "RenderableType | Iterable[RenderableType]") -> None:
    """As wide as the terminal; into a file or a pipe as wide as it is, so that a line of `grep` is a whole one."""
    from rich.console import Console

    page = None if sys.stdout.isatty() else StringIO()
    width = WIDE if page and not os.environ.get("COLUMNS") else None
    console = Console(highlight=False, file=page, width=width)
    for part in [shown] if isinstance(shown, str) or not isinstance(shown, list | tuple) else shown:
        console.print(hide(part) if isinstance(part, str) else part)
    if page:
        sys.stdout.writelines(f"{line.rstrip()}\n" for line in page.getvalue().splitlines())
    sys.stdout.flush()


def failure(error: OpsctlError, *, as_json: bool) -> None:
    """One line with the cause, one with the next thing to type; with --json the same as a document."""
    message, *details = hide(str(error)).splitlines() or [type(error).__name__]
    hint = hide(error.hint)
    if as_json:
        try:
            print(to_json({"error": {"cause": error.cause, "message": message, "hint": hint}}), flush=True)  # noqa: T201
        except OSError:  # stderr and the exit code still tell
            give_stdout_up()
    _to_stderr(f"error: {message} [{error.cause}]", style="bold red")
    for line in details:
        _to_stderr(f"  {line}")
    if hint:
        _to_stderr(f"next: {hint}", style="cyan")


def interrupted() -> None:
    """On a terminal the ^C stands in the line."""
    _to_stderr("\ninterrupted" if sys.stderr.isatty() else "interrupted")


def give_stdout_up() -> None:
    """What is still to be written would fail once more when Python ends, and change the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def table(*columns: str, rows: Iterable[Sequence[object]], title: str | None = None) -> "RenderableType":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, show_edge=False)
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*(cell if isinstance(cell, Text) else Text(printable(hide(str(cell)))) for cell in row))
    return drawn


def coloured(text: str, style: str) -> "RenderableType":
    from rich.text import Text

    return Text(printable(hide(text)), style=style)


def answer(question: str) -> str | None:
    """What the operator typed; None when there is nobody to ask."""
    if not (sys.stdin and sys.stdin.isatty()):
        return None
    sys.stderr.write(hide(question) + " ")
    sys.stderr.flush()
    try:
        return input()
    except EOFError:
        return None


@contextmanager
def progress_bar(title: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Give a function that takes how many units were done; a bar on a terminal, silence elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(title), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.advance(task, done)


def to_json(document: Any) -> str:
    return json.dumps(document, default=_plain, ensure_ascii=False, indent=2)


def printable(text: str) -> str:
    """The text with control characters escaped: a name in a log must not move the cursor."""
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)


def size(count: float) -> str:
    """Bytes as people read them: 1536 → 1.5 KiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(count) < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def duration(seconds: float) -> str:
    """Seconds as people read them: 4000 → 1 h 6 min."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    if seconds < 86400:
        return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min"
    return f"{seconds // 86400:.0f} d {seconds % 86400 // 3600:.0f} h"


def use_forgiving_streams() -> None:
    """A terminal that cannot show Korean, or is gone, must not turn finished work into a traceback."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # started with it closed: the next file that is opened must not get its number
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  # for good
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")


_STYLES = {"dim": "2", "yellow": "33", "bold red": "1;31", "cyan": "36"}


def _to_stderr(text: str, *, style: str = "") -> None:
    line = printable(hide(text))
    if style and sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb":
        line = f"\x1b[{_STYLES[style]}m{line}\x1b[0m"
    with suppress(OSError):  # nobody reads it any more, or its disk is full: no reason to stop half-way
        print(line, file=sys.stderr, flush=True)  # noqa: T201
