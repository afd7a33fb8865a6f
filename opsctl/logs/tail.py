"""The last lines of several logs in the order of time, and those that come after them, across rotations."""

import heapq
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from opsctl.logs import LEVELS, service_of
from opsctl.logs.chain import Held, held, identity_of, open_chain, open_one
from opsctl.logs.lines import BLOCK, KST, Line, Parser, Splitter, from_end, newest_first

SETTLING_LOOKS, SETTLING_S = 10, 0.002  # a line across two pages of the file becomes visible page by page
BLOCKS_A_POLL = 64  # 4 MiB of one file, then the others get their turn


@dataclass(frozen=True)
class Filter:
    """Which lines are wanted: at least this level, and holding this text whatever its case."""

    level: str = LEVELS[0]
    text: str = ""

    def wants(self, line: Line) -> bool:
        if LEVELS.index(line.level) < LEVELS.index(self.level):
            return False
        return self.text.casefold() in f"{line.logger} {line.text}".casefold()


def last_lines(paths: Sequence[Path], count: int, wanted: Filter) -> list[Line]:
    """The newest `count` lines that are wanted, oldest of them first."""
    with ExitStack() as stack:
        chains = [Chain(path, files := stack.enter_context(held(path)), _settled_size(files)) for path in paths]
        return _newest(chains, count, wanted)


@dataclass(frozen=True)
class Chain:
    """One log's open files, newest first, of which the first is read up to `end`."""

    path: Path
    files: list[Held]
    end: int


@dataclass
class Follower:
    """Reads on where the last poll ended; a file that was renamed is read to its end before the next one."""

    path: Path
    _open: Held | None = None
    _position: int = 0
    _splitter: Splitter = field(default_factory=Splitter)
    _parser: Parser = field(init=False)

    def __post_init__(self) -> None:
        self._parser = Parser(service_of(self.path.name), datetime.now(KST))

    def start(self, file: Held, position: int) -> None:
        """Take over an open file; lines before `position` are known."""
        self._open, self._position = file, position

    def close(self) -> None:
        if self._open:
            self._open.close()
        self._open = None

    def poll(self) -> Iterator[Line]:
        """What was written since the last poll, oldest first."""
        if self._open is None and not self._begin():
            return
        assert self._open  # _begin opened it
        now_there = identity_of(self.path)
        if now_there == self._open.identity or now_there is None:
            yield from self._read(BLOCKS_A_POLL)
            return
        for _block in iter(lambda: list(self._read(BLOCKS_A_POLL)), []):  # renamed: nobody writes to it any more
            yield from _block
        yield from self._move_on()

    def _begin(self) -> bool:
        self._open, self._position = open_one(self.path), 0
        return self._open is not None

    def _read(self, blocks: int) -> Iterator[Line]:
        assert self._open  # only called while a file is held
        if os.fstat(self._open.descriptor).st_size < self._position:
            yield self._remark("truncated: reading from its beginning")
            self._position, self._splitter = 0, Splitter()
        for _block in range(blocks):
            block = os.pread(self._open.descriptor, BLOCK, self._position)
            if not block:
                return
            self._position += len(block)
            yield from map(self._parser.parse, self._splitter.feed(block))

    def _move_on(self) -> Iterator[Line]:
        """Read what lies between the file we held and the one that is current now."""
        yield from map(self._parser.parse, self._splitter.flush())
        newer, found = self._newer_files()
        self.close()
        if not found:
            yield self._remark("rotated away faster than it was read: lines may be missing here")
        for number, file in enumerate(reversed(newer), start=1):
            self.close()
            self.start(file, 0)
            for lines in iter(lambda: list(self._read(BLOCKS_A_POLL)), []):
                yield from lines
            if number < len(newer):
                yield from map(self._parser.parse, self._splitter.flush())

    def _newer_files(self) -> tuple[list[Held], bool]:
        """Files younger than the one we hold, newest first; False when ours is not among them any more."""
        assert self._open  # only called while a file is held
        chain = open_chain(self.path)
        known = [file.identity for file in chain]
        place = known.index(self._open.identity) if self._open.identity in known else len(chain)
        for file in chain[place:]:
            file.close()
        return chain[:place], place < len(chain)

    def _remark(self, text: str) -> Line:
        return Line(self._parser.service, self._parser.moment, "WARNING", "opsctl", f"{self.path.name} {text}")


class Followed:
    """Several logs followed together. First `history`, then `poll` again and again, then `close`."""

    def __init__(self, paths: Sequence[Path], wanted: Filter) -> None:
        self._followers = [Follower(path) for path in paths]
        self._wanted = wanted

    def history(self, count: int) -> list[Line]:
        """The last lines, oldest first; what is written from this moment on belongs to `poll`."""
        opened = [(follower.path, open_chain(follower.path)) for follower in self._followers]
        chains = [Chain(path, files, _end_of_last_line(files)) for path, files in opened]
        lines = _newest(chains, count, self._wanted)
        for follower, chain in zip(self._followers, chains, strict=True):
            if chain.files:
                follower.start(chain.files[0], chain.end)
            for file in chain.files[1:]:
                file.close()
        return lines

    def poll(self) -> list[Line]:
        """New lines of all logs in the order of time; those of one log stay in the order of its file."""
        fresh = [filter(self._wanted.wants, follower.poll()) for follower in self._followers]
        return list(heapq.merge(*fresh, key=lambda line: line.moment))

    def close(self) -> None:
        for follower in self._followers:
            follower.close()


def _newest(chains: Sequence[Chain], count: int, wanted: Filter) -> list[Line]:
    sources = [filter(wanted.wants, _backwards(chain)) for chain in chains]
    merged = heapq.merge(*sources, key=lambda line: line.moment, reverse=True)
    return list(islice(merged, count))[::-1]


def _backwards(chain: Chain) -> Iterator[Line]:
    raw_lines = (
        raw
        for number, file in enumerate(chain.files)
        for raw in from_end(file.descriptor, file.size if number else chain.end)
    )
    changed_at = os.fstat(chain.files[0].descriptor).st_mtime if chain.files else 0
    return newest_first(service_of(chain.path.name), raw_lines, datetime.fromtimestamp(changed_at, KST))


def _size(files: Sequence[Held]) -> int:
    return files[0].size if files else 0


def _settled_size(files: Sequence[Held]) -> int:
    """The newest file's size, after a moment for the end of a line whose first half is seen already."""
    size = _size(files)
    for _look in range(SETTLING_LOOKS):
        if size == 0 or os.pread(files[0].descriptor, 1, size - 1) == b"\n":
            break
        time.sleep(SETTLING_S)
        size = os.fstat(files[0].descriptor).st_size
    return size


def _end_of_last_line(files: Sequence[Held]) -> int:
    """Where the last whole line ends; a line that is still being written is left to the follower."""
    size = _size(files)
    start = max(0, size - BLOCK)
    newline = os.pread(files[0].descriptor, size - start, start).rfind(b"\n") if files else -1
    return start + newline + 1 if newline >= 0 else size
