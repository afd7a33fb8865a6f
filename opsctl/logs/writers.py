"""Which processes hold a log file open for writing, containers included, and files that only they still hold."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Writer:
    """One process with one file open for writing."""

    pid: int
    program: str
    file_name: str
    identity: tuple[int, int]  # device and inode
    bytes: int
    is_deleted: bool


@dataclass(frozen=True)
class Writers:
    """`users` are those whose processes we may look into; None: everybody's."""

    found: tuple[Writer, ...]
    users: frozenset[int] | None

    def sees(self, owner: int) -> bool:
        """Whether a process that writes files of this owner would have been found."""
        return self.users is None or owner in self.users

    def of(self, identity: tuple[int, int]) -> tuple[Writer, ...]:
        return tuple(one for one in self.found if one.identity == identity and not one.is_deleted)


def look(folder: Path) -> Writers:
    """Everybody we may see who writes to a log of this folder; nobody without /proc, which is Linux."""
    if not PROC.is_dir() or not folder.is_dir():
        return Writers((), users=frozenset())
    here = folder.stat()
    found: list[Writer] = []
    for pid in [int(entry.name) for entry in PROC.iterdir() if entry.name.isdecimal()]:
        try:
            found += _of_process(pid, (here.st_dev, here.st_ino))
        except OSError:  # it ended while we looked, or it is another user's
            continue
    return Writers(tuple(found), users=frozenset({os.geteuid()}) if os.geteuid() else None)


def _of_process(pid: int, folder: tuple[int, int]) -> Iterator[Writer]:
    for handle in (PROC / f"{pid}/fd").iterdir():
        try:
            target = Path(str(handle.readlink()).removesuffix(" (deleted)"))
            if ".log" not in target.name or not _is_for_writing(pid, handle.name):
                continue
            # A container calls the folder by another name: ask for it inside the process's own root.
            parent = Path(f"{PROC}/{pid}/root{target.parent}").stat()
            found = handle.stat()
        except FileNotFoundError:
            continue
        if (parent.st_dev, parent.st_ino) == folder and stat.S_ISREG(found.st_mode):
            yield Writer(
                pid, _program(pid), target.name, (found.st_dev, found.st_ino), found.st_size, found.st_nlink == 0
            )


def _is_for_writing(pid: int, number: str) -> bool:
    for line in (PROC / f"{pid}/fdinfo/{number}").read_text().splitlines():
        if line.startswith("flags:"):
            return int(line.split()[1], 8) & os.O_ACCMODE != os.O_RDONLY
    return False


def _program(pid: int) -> str:
    words = (PROC / f"{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    return " ".join(words[:4]).strip()
