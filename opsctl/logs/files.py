"""The log files of a folder, each with the rotated ones behind it."""

import re
import stat
from dataclasses import dataclass
from pathlib import Path

from opsctl.errors import NotReady, OpsctlError
from opsctl.logs import FILES, service_of

_NAME = re.compile(r"(?P<base>.+\.log)(?:\.(?P<number>[1-9]\d{0,5}))?")


@dataclass(frozen=True)
class File:
    """One regular file as it was when we looked. `modified_at` in seconds since 1970."""

    path: Path
    bytes: int
    modified_at: float
    identity: tuple[int, int]  # device and inode: the same over a rename
    owner: int


@dataclass(frozen=True)
class Log:
    """The current file (None between two files of a rotation) and the rotated ones by number, newest first."""

    service: str
    path: Path
    current: File | None
    rotated: tuple[tuple[int, File], ...]

    @property
    def files(self) -> tuple[File, ...]:
        return (*((self.current,) if self.current else ()), *(file for _number, file in self.rotated))

    @property
    def total_bytes(self) -> int:
        return sum(file.bytes for file in self.files)


def find(folder: Path) -> tuple[Log, ...]:
    """Every log of the folder, the services' own first; pipes, devices, folders and links are left out.

    Raises NotReady when the folder is missing and OpsctlError when it cannot be read.
    """
    numbered: dict[str, dict[int, File]] = {}
    for name in _names(folder):
        split = _NAME.fullmatch(name)
        file = look_at(folder / name) if split else None
        if split and file:
            numbered.setdefault(split["base"], {})[int(split["number"] or 0)] = file
    order = list(FILES.values())
    bases = sorted(numbered, key=lambda base: (order.index(base) if base in order else len(order), base))
    return tuple(_log(folder, base, numbered[base]) for base in bases)


def look_at(path: Path) -> File | None:
    """The file as it is now; None when it is gone or is no regular file."""
    try:
        found = path.lstat()
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return File(path, found.st_size, found.st_mtime, (found.st_dev, found.st_ino), found.st_uid)


def _log(folder: Path, base: str, files: dict[int, File]) -> Log:
    rotated = tuple((number, files[number]) for number in sorted(files) if number)
    return Log(service_of(base), folder / base, files.get(0), rotated)


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except FileNotFoundError:
        raise NotReady(f"there is no folder {folder}", cause="logs.missing", hint="opsctl up") from None
    except OSError as error:
        raise OpsctlError(
            f"{folder} cannot be read: {error.strerror}", cause="logs.unreadable", hint=f"ls -ld {folder}"
        ) from None
