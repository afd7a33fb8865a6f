"""Lines of a log: from bytes that may be anything to a stamp, a level and a text that is safe to show."""

import os
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from opsctl.logs import LEVELS

LONGEST_LINE = 16 * 1024  # bytes kept of one line; what is behind is counted and dropped
BLOCK = 64 * 1024
MOST_UNSTAMPED = 1000  # how many lines without a stamp are held back to learn the time of the one above them
KST = timezone(timedelta(hours=9))

_RECORD = re.compile(
    r"(?P<stamp>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) - (?P<logger>\S{1,200}) - (?P<level>[A-Z]{4,8}) - (?P<text>.*)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Raw:
    """The first bytes of one line, and how many more it had."""

    kept: bytes
    dropped: int = 0


@dataclass(frozen=True)
class Line:
    """`moment` is that of the record the line belongs to; a line without a stamp of its own has no logger."""

    service: str
    moment: datetime
    level: str
    logger: str
    text: str


class Splitter:
    """Cuts a stream of bytes into lines and never holds more than one shortened line."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._dropped = 0
        self._begun = False

    def feed(self, block: bytes) -> Iterator[Raw]:
        *whole, rest = block.split(b"\n")
        for part in whole:
            self._add(part)
            yield self._take()
        self._add(rest)
        self._begun = self._begun or bool(rest)

    def flush(self) -> Iterator[Raw]:
        """The line whose end never came."""
        if self._begun:
            yield self._take()

    def _add(self, part: bytes) -> None:
        fits = part[: LONGEST_LINE - len(self._kept)]
        self._kept += fits
        self._dropped += len(part) - len(fits)

    def _take(self) -> Raw:
        line = Raw(bytes(self._kept), self._dropped)
        self._kept.clear()
        self._dropped, self._begun = 0, False
        return line


@dataclass
class Parser:
    """Gives each line of one service its moment and level; a line without a stamp inherits them."""

    service: str
    moment: datetime
    level: str = "INFO"

    def parse(self, raw: Raw) -> Line:
        text = decoded(raw)
        found = record(text)
        if found is None:
            return Line(self.service, self.moment, self.level, "", text)
        self.moment, logger, self.level, message = found
        return Line(self.service, self.moment, self.level, logger, message)


def decoded(raw: Raw) -> str:
    """Text whatever the bytes were; a shortened line says how much is missing."""
    text = raw.kept.decode(errors="replace")
    return f"{text} … ({raw.dropped} bytes more)" if raw.dropped else text


def record(text: str) -> tuple[datetime, str, str, str] | None:
    """Moment, logger, level and message of a line that begins a record; None for any other line."""
    found = _RECORD.fullmatch(text)
    if found is None or found["level"] not in LEVELS:
        return None
    try:
        moment = datetime.strptime(found["stamp"], "%Y-%m-%d %H:%M:%S,%f").replace(tzinfo=KST)
    except ValueError:  # the 31st of February
        return None
    return moment, found["logger"], found["level"], found["text"]


def from_end(descriptor: int, end: int) -> Iterator[Raw]:
    """The lines before `end`, the last one first, in bounded memory however long a line is."""
    tail = _Backwards()
    position = end
    while position > 0:
        size = min(BLOCK, position)
        position -= size
        block = os.pread(descriptor, size, position)
        if len(block) < size:  # cut off while we read
            return
        yield from tail.feed(block)
    yield from tail.flush()


@dataclass
class _Backwards:
    head: bytes = b""  # the first bytes, as far as known, of the line that is being read from its end
    length: int = 0
    seen_newline: bool = field(default=False)

    def feed(self, block: bytes) -> Iterator[Raw]:
        first, *others = block.split(b"\n")
        for part in reversed(others):
            self._prepend(part)
            if self.seen_newline or self.length:
                yield self._take()
            self.seen_newline = True
        self._prepend(first)

    def flush(self) -> Iterator[Raw]:
        if self.seen_newline or self.length:
            yield self._take()

    def _prepend(self, part: bytes) -> None:
        self.head = (part + self.head)[:LONGEST_LINE]
        self.length += len(part)

    def _take(self) -> Raw:
        line = Raw(self.head, self.length - len(self.head))
        self.head, self.length = b"", 0
        return line


def newest_first(service: str, raw_lines: Iterable[Raw], otherwise: datetime) -> Iterator[Line]:
    """Lines that come last first; those without a stamp take it from the record above them.

    `otherwise` is the moment for lines with no record above; memory is bounded by MOST_UNSTAMPED lines.
    """
    waiting: deque[str] = deque()
    for raw in raw_lines:
        text = decoded(raw)
        found = record(text)
        if found is None:
            waiting.append(text)
            if len(waiting) > MOST_UNSTAMPED:
                yield Line(service, otherwise, "INFO", "", waiting.popleft())
            continue
        moment, logger, level, message = found
        otherwise = min(moment, otherwise)
        while waiting:
            yield Line(service, moment, level, "", waiting.popleft())
        yield Line(service, moment, level, logger, message)
    while waiting:
        yield Line(service, otherwise, "INFO", "", waiting.popleft())
