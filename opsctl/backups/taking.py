"""Take a backup: dump, hash, read it all back, publish; only then let old ones go."""

import hashlib
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from opsctl import console
from opsctl.backups import catalogue, folder, names, retention
from opsctl.backups.manifest import FILE_NAME, Manifest, corrupt
from opsctl.databases import Dumped, Place, kind_of
from opsctl.errors import NotReady
from opsctl.settings import Settings

ROOM_TO_SPARE = 32 * 2**20
COMPRESSED_TO = 0.4  # of the database's size, when no earlier backup tells better (measured: 0.18 and 0.35)
GROWTH = 1.2  # over the last backup


@dataclass(frozen=True)
class BackupPlan:
    """What a backup will write, and which older ones go once it has proven good. Sizes in bytes."""

    database: str
    where: str
    environment: str
    write: Path
    label: str
    expected_bytes: int
    free_bytes: int
    delete: tuple[str, ...]


def plan_backup(settings: Settings, place: Place, *, label: str, now: datetime) -> BackupPlan:
    """Raises NotReady when there is no room, or the folder is not safe to write to."""
    folder.require_safe(settings.backup_dir)
    entries = catalogue.newest_first(settings.backup_dir)
    expected = _expected_bytes(entries, place)
    plan = BackupPlan(
        database=place.name,
        where=place.where,
        environment=settings.environment,
        write=settings.backup_dir / names.next_name((entry.id for entry in entries), now),
        label=label,
        expected_bytes=expected,
        free_bytes=shutil.disk_usage(settings.backup_dir).free,
        delete=retention.to_delete(entries, settings.backup.keep, coming=1),
    )
    if plan.free_bytes < expected + ROOM_TO_SPARE:
        raise NotReady(
            f"the backup needs about {console.size(expected)}, "
            f"{console.size(plan.free_bytes)} are free in {settings.backup_dir}",
            cause="disk.full",
            hint=f"df -h {settings.backup_dir}",
        )
    return plan


def take(settings: Settings, place: Place, plan: BackupPlan) -> Manifest:
    """Write the backup that the plan names; the caller holds the lock. Old ones stay: `let_old_ones_go` is for that.

    Interrupted at any moment it has published nothing.
    """
    started_at, started = datetime.now(UTC), time.monotonic()
    database = kind_of(place)
    with folder.whole_or_nothing(settings.backup_dir, plan.write.name) as unfinished:
        dumped = database.dump(
            place, unfinished, timeout_s=settings.backup.dump_timeout_s, lock_wait_s=settings.backup.lock_wait_s
        )
        with dumped.file.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        database.read_through(place, dumped.file, dumped.database_bytes)
        manifest = _manifest(settings, place, plan, dumped, sha256, started_at, time.monotonic() - started)
        folder.write(unfinished / FILE_NAME, manifest.to_json())
    return manifest


def let_old_ones_go(settings: Settings) -> tuple[str, ...]:
    """After a backup has proven good: remove what is older than the ones to keep; return their names."""
    going = retention.to_delete(catalogue.newest_first(settings.backup_dir), settings.backup.keep)
    for name in going:
        folder.remove(settings.backup_dir, name)
    return going


def clean_up(settings: Settings, place: Place) -> None:
    """Put right what killed runs left behind, and say so; the caller holds the lock."""
    folder.require_safe(settings.backup_dir)
    for left in folder.leftovers(settings.backup_dir):
        shutil.rmtree(left)
        console.progress(f"removed {left.name}, left by a run that was killed")
    for sentence in kind_of(place).clean_up(place):
        console.progress(sentence)


def _expected_bytes(entries: list[catalogue.Entry], place: Place) -> int:
    for entry in entries:
        if entry.manifest and entry.manifest.engine == place.kind and entry.manifest.database == place.name:
            return round(entry.manifest.bytes * GROWTH)
    return round(kind_of(place).size_bytes(place) * COMPRESSED_TO)


def _manifest(
    settings: Settings,
    place: Place,
    plan: BackupPlan,
    dumped: Dumped,
    sha256: str,
    started_at: datetime,
    seconds: float,
) -> Manifest:
    size = dumped.file.stat().st_size
    if not size:
        raise corrupt(plan.write, "the dump is empty")
    return Manifest(
        id=plan.write.name,
        engine=place.kind,
        engine_version=dumped.versions.engine,
        tool_version=dumped.versions.tool,
        database=place.name,
        environment=settings.environment,
        label=plan.label,
        started_at=started_at,
        seconds=round(seconds, 3),
        data_file=dumped.file.name,
        bytes=size,
        sha256=sha256,
        database_bytes=dumped.database_bytes,
        contents=dumped.contents,
    )
