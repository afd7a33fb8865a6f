"""The backups that are there, in the order in which they were taken."""

from dataclasses import dataclass
from pathlib import Path

from opsctl.backups import names
from opsctl.backups.manifest import Manifest, corrupt, read
from opsctl.errors import NotReady, OpsctlError, Refused


@dataclass(frozen=True)
class Entry:
    """One backup; `cause` says what is wrong with it as far as its manifest and sizes tell."""

    id: str
    path: Path
    manifest: Manifest | None
    cause: str | None = None


def newest_first(folder: Path) -> list[Entry]:
    return [_entry(folder / name) for name in sorted(existing(folder), key=names.number_of, reverse=True)]


def existing(folder: Path) -> list[str]:
    """Names of published backups; what is unfinished has another name."""
    try:
        entries = list(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise NotReady(
            f"{folder} cannot be read: {error.strerror}", cause="backup.folder", hint=f"ls -ld {folder}"
        ) from None
    return [entry.name for entry in entries if names.is_name(entry.name) and entry.is_dir() and not entry.is_symlink()]


def find(folder: Path, wanted: str) -> Entry:
    """The backup of this name, or the newest one for `latest`.

    Raises OpsctlError with exit code 2 for what cannot be a name, and Refused when there is no such backup.
    """
    if wanted == names.LATEST:
        found = newest_first(folder)
        if not found:
            raise _not_found(f"there are no backups in {folder}", "opsctl db backup")
        return found[0]
    if not names.is_name(wanted):
        raise WrongName(wanted)
    if wanted not in existing(folder):
        raise _not_found(f"there is no backup {wanted} in {folder}", "opsctl db backups")
    return _entry(folder / wanted)


class WrongName(OpsctlError):
    """What was typed cannot be the name of a backup."""

    exit_code = 2

    def __init__(self, typed: str) -> None:
        super().__init__(
            f"{typed!r} is not the name of a backup (like 20261123T031500Z-0001)",
            cause="usage",
            hint="opsctl db backups",
        )


def _not_found(message: str, hint: str) -> Refused:
    return Refused(message, cause="backup.not_found", hint=hint)


def _entry(path: Path) -> Entry:
    try:
        manifest = read(path)
        if data_bytes(path, manifest) != manifest.bytes:
            return Entry(path.name, path, manifest, "backup.corrupt")
    except OpsctlError as error:
        return Entry(path.name, path, None, error.cause)
    return Entry(path.name, path, manifest)


def data_bytes(path: Path, manifest: Manifest) -> int:
    file = path / manifest.data_file
    try:
        if file.is_symlink() or not file.is_file():
            raise corrupt(path, f"{manifest.data_file} is missing")
        return file.stat().st_size
    except OSError as error:
        raise corrupt(path, f"{manifest.data_file} cannot be read: {error.strerror}") from None
