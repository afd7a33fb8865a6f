"""Prove that a backup is what it was when it was taken, without touching a database."""

import hashlib
import time
from dataclasses import dataclass

from opsctl.backups.catalogue import Entry, data_bytes
from opsctl.backups.manifest import Manifest, corrupt, read
from opsctl.databases import Place, kind_of
from opsctl.errors import OpsctlError


@dataclass(frozen=True)
class Checked:
    """`cause` and `message` say why a backup is not good."""

    id: str
    ok: bool
    cause: str | None = None
    message: str = ""
    seconds: float = 0.0


def require_good(entry: Entry, place: Place | None) -> Manifest:
    """The manifest's own hash, the data file's size and SHA-256, then a full read by the database's own tools.

    Without a place (its server cannot be reached) the full read is left out: the hash is of the very bytes that were
    read to their end when the backup was taken. Raises Refused (`backup.corrupt`) for the first thing that is wrong.
    """
    manifest = read(entry.path)
    size = data_bytes(entry.path, manifest)
    if size != manifest.bytes:
        raise corrupt(entry.path, f"{manifest.data_file} has {size} bytes, not {manifest.bytes}")
    with (entry.path / manifest.data_file).open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != manifest.sha256:
        raise corrupt(entry.path, f"{manifest.data_file} has SHA-256 {found}, not {manifest.sha256}")
    if place and place.kind == manifest.engine:
        kind_of(place).read_through(place, entry.path / manifest.data_file, manifest.database_bytes)
    return manifest


def check(entry: Entry, place: Place | None) -> Checked:
    started = time.monotonic()
    try:
        require_good(entry, place)
    except OpsctlError as error:
        return Checked(entry.id, False, error.cause, str(error), round(time.monotonic() - started, 3))
    return Checked(entry.id, True, seconds=round(time.monotonic() - started, 3))
