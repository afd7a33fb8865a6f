"""The current log file and the rotated ones behind it, held open so that a rename loses nothing."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TRIES = 50  # how often a rotation may come between; each try takes microseconds


@dataclass
class Held:
    """One open log file. The open descriptor keeps its inode from being given to another file."""

    descriptor: int
    identity: tuple[int, int]
    size: int

    def close(self) -> None:
        os.close(self.descriptor)


@contextmanager
def held(path: Path) -> Iterator[list[Held]]:
    """The files of one log, newest first, each once, opened between two rotations."""
    files = open_chain(path)
    try:
        yield files
    finally:
        for file in files:
            file.close()


def open_chain(path: Path) -> list[Held]:
    """The caller closes them. Empty when there is nothing that can be read.

    Files are opened in the order in which a rotation moves them away from us, so none can slip past;
    one that is met twice is dropped. When the current file has changed meanwhile, we look again.
    """
    for _try in range(TRIES):
        files = _open_all(path)
        if not files or identity_of(path) in (None, files[0].identity):
            return files
        for file in files:
            file.close()
    return _open_all(path)


def identity_of(path: Path) -> tuple[int, int] | None:
    """Device and inode of the file behind a name; None while there is none."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def open_one(path: Path) -> Held | None:
    """A regular file, opened for reading; None for anything else, without waiting for a pipe's writer."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        return None
    return Held(descriptor, (found.st_dev, found.st_ino), found.st_size)


def _open_all(path: Path) -> list[Held]:
    files: list[Held] = []
    for name in (path, *_rotated(path)):
        file = open_one(name)
        if file is None:
            continue
        if any(file.identity == other.identity for other in files):
            file.close()
        else:
            files.append(file)
    return files


def _rotated(path: Path) -> list[Path]:
    """Every number that is there, and the two after it: a rotation may be moving files on."""
    numbers = [
        int(suffix)
        for name in _names(path.parent)
        if name.startswith(f"{path.name}.") and (suffix := name.removeprefix(f"{path.name}.")).isdecimal()
    ]
    wanted = sorted({near for number in numbers for near in (number, number + 1, number + 2)} - {0})
    return [path.with_name(f"{path.name}.{number}") for number in wanted]


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:
        return []
