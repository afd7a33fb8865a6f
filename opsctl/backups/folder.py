"""The folder of backups: whose it is, and how a backup gets into it whole or not at all."""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opsctl.backups import names
from opsctl.errors import NotReady, OpsctlError

PARTIAL = ".partial"
DELETED = ".deleted"


def require_safe(folder: Path) -> None:
    """Make the folder (0700) or look at it. Raises NotReady when others could change what is in it."""
    try:
        if not folder.is_symlink() and not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(0o700)  # whatever the umask took away
        found = folder.lstat()
    except OSError as error:
        raise NotReady(
            f"the backup folder {folder} cannot be used: {error.strerror}",
            cause="backup.folder",
            hint=f"ls -ld {folder.parent}",
        ) from None
    if not stat.S_ISDIR(found.st_mode):
        raise NotReady(
            f"{folder} is a link or a file, not a folder of ours",
            cause="backup.folder",
            hint="set [backup] dir in opsctl.toml to the folder itself",
        )
    if found.st_mode & 0o022:
        raise NotReady(
            f"others can write to {folder} (mode {stat.S_IMODE(found.st_mode):04o})",
            cause="backup.folder",
            hint=f"chmod 700 {folder}",
        )
    if os.geteuid() not in (0, found.st_uid):
        raise NotReady(
            f"{folder} belongs to user {found.st_uid}, not to us", cause="backup.folder", hint=f"ls -ld {folder}"
        )


@contextmanager
def whole_or_nothing(folder: Path, name: str) -> Iterator[Path]:
    """Give an empty folder (0700) to write to; it becomes the backup `name` only if the block succeeds."""
    unfinished = folder / f".{name}{PARTIAL}"
    try:
        unfinished.mkdir()
    except OSError as error:
        raise OpsctlError(
            f"{unfinished} cannot be made: {error.strerror}", cause="backup.folder", hint=f"ls -la {folder}"
        ) from None
    try:
        unfinished.chmod(0o700)
        belongs_to_owner_of(folder, unfinished)
        yield unfinished
        for file in unfinished.iterdir():
            file.chmod(0o600)
            belongs_to_owner_of(folder, file)
        _sync(unfinished)
        # rename(2) would replace an empty folder; nobody but the holder of the lock makes names here
        if (folder / name).exists() or (folder / name).is_symlink():
            raise OpsctlError(f"{folder / name} is there already", cause="backup.folder", hint=f"ls -la {folder}")
        unfinished.rename(folder / name)
        try:
            _sync(folder)
        except OSError:  # what may be gone after a power cut is not published
            (folder / name).rename(unfinished)
            raise
    except OSError as error:
        raise not_written(folder, error) from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def write(file: Path, text: str) -> None:
    """A new file (0600), synced; never through a link, never over one that is there."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as target:
        os.fchmod(descriptor, 0o600)
        target.write(text)
        target.flush()
        os.fsync(descriptor)


def remove(folder: Path, name: str) -> None:
    """A backup that goes is wholly there or wholly gone, whenever we are killed: it loses its name first."""
    going = folder / f".{name}{DELETED}"
    (folder / name).rename(going)
    _sync(folder)
    shutil.rmtree(going)


def leftovers(folder: Path) -> list[Path]:
    """What killed runs left: unfinished backups and half-removed ones."""
    if not folder.is_dir():
        return []
    return sorted(entry for entry in folder.iterdir() if _is_leftover(entry))


def not_written(folder: Path, error: OSError) -> OpsctlError:
    cause = "disk.full" if error.errno in _FULL else "disk.failed"
    return OpsctlError(f"the backup cannot be written to {folder}: {error.strerror}", cause=cause, hint="df -h")


def belongs_to_owner_of(folder: Path, made: Path) -> None:
    """A backup that root took must not lock out the service user's next one."""
    owner = folder.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.chown(made, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _is_leftover(entry: Path) -> bool:
    for ending in (PARTIAL, DELETED):
        if entry.name.startswith(".") and entry.name.endswith(ending):
            is_ours = names.is_name(entry.name.removeprefix(".").removesuffix(ending))
            return is_ours and entry.is_dir() and not entry.is_symlink()
    return False


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_FULL = (28, 122, 27)  # ENOSPC, EDQUOT, EFBIG
