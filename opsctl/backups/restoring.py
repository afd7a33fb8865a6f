"""Bring a backup back: verify, load beside, compare, swap; the old database is kept."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from opsctl import backups, console
from opsctl.backups.catalogue import Entry
from opsctl.backups.manifest import Manifest, read
from opsctl.backups.verification import require_good
from opsctl.databases import Place, differences, kind_of
from opsctl.errors import OpsctlError, Refused
from opsctl.settings import Settings
from opsctl.tools import alembic

SHOWN_DIFFERENCES = 5


@dataclass(frozen=True)
class RestorePlan:
    """What would go and what would come: rows of each table. `rows_that_go` is empty where there is no database."""

    backup: str
    taken_at: datetime
    label: str
    database: str
    where: str
    environment: str
    rows_that_go: Mapping[str, int]
    rows_that_come: Mapping[str, int]
    revision_that_comes: str | None
    keeps_old_database: bool


@dataclass(frozen=True)
class Restored:
    """`previous` is the name under which the replaced database is kept; `safety_backup` a backup of it."""

    restored: str
    previous: str | None
    safety_backup: str | None
    revision: str | None
    rows: Mapping[str, int]
    seconds: float
    write_downtime_seconds: float


def plan_restore(settings: Settings, place: Place, entry: Entry) -> RestorePlan:
    """Everything that can be known before anything is touched; the database is asked last.

    Raises Refused for a backup that is damaged or does not belong here, NotReady where it cannot be loaded.
    """
    manifest = require_good(entry, None)
    require_fits(settings, place, manifest)
    database = kind_of(place)
    database.require_room(place, manifest.engine_version, manifest.database_bytes)
    database.read_through(place, entry.path / manifest.data_file, manifest.database_bytes)
    return RestorePlan(
        backup=manifest.id,
        taken_at=manifest.started_at,
        label=manifest.label,
        database=place.name,
        where=place.where,
        environment=settings.environment,
        rows_that_go=_rows_now(place),
        rows_that_come=manifest.contents.rows,
        revision_that_comes=manifest.contents.revision,
        keeps_old_database=settings.restore.keep_previous > 0,
    )


def require_fits(settings: Settings, place: Place, manifest: Manifest) -> None:
    """Raises Refused for another engine's, another environment's or a newer code's backup."""
    if manifest.engine != place.kind:
        raise Refused(
            f"the backup holds a {manifest.engine} database, {place.where} is {place.kind}",
            cause="restore.engine",
            hint="opsctl db backups",
        )
    if manifest.environment != settings.environment:
        raise Refused(
            f"the backup is of {manifest.environment}, this is {settings.environment}",
            cause="restore.environment",
            hint="opsctl db backups",
        )
    known = {revision.id for revision in alembic.revisions(settings.project)}
    if manifest.contents.revision is not None and not set(manifest.contents.revision.split(",")) <= known:
        raise Refused(
            f"the backup's schema is at {manifest.contents.revision}, which this code does not know",
            cause="restore.newer_schema",
            hint="check out the code that made the backup, then type the same again",
        )


def restore(settings: Settings, place: Place, entry: Entry) -> Restored:
    """Carry the plan out; the caller holds the lock. Whatever fails before the swap leaves the database as it is."""
    started = time.monotonic()
    manifest = read(entry.path)
    safety_backup = _safety_backup(settings, place, manifest.id)
    previous, downtime_s = load_and_swap(settings, place, entry)
    forget_oldest(settings, place)
    return Restored(
        restored=manifest.id,
        previous=previous if settings.restore.keep_previous else None,
        safety_backup=safety_backup,
        revision=manifest.contents.revision,
        rows=manifest.contents.rows,
        seconds=round(time.monotonic() - started, 3),
        write_downtime_seconds=downtime_s,
    )


def load_and_swap(settings: Settings, place: Place, entry: Entry) -> tuple[str | None, float]:
    """Load beside, compare, swap: the name of the replaced database, and for how long nobody could write."""
    manifest = require_good(entry, None)
    database = kind_of(place)
    fresh = database.load_beside(
        place,
        entry.path / manifest.data_file,
        manifest.database_bytes,
        timeout_s=settings.restore.load_timeout_s,
    )
    _require_same(place, fresh, manifest)
    return database.swap(place, fresh, wait_s=settings.restore.swap_wait_s)


def forget_oldest(settings: Settings, place: Place) -> None:
    """Remove replaced databases beyond the ones to keep."""
    database = kind_of(place)
    for name in database.previous(place)[settings.restore.keep_previous :]:
        console.progress(f"removing {name}, replaced earlier")
        database.drop(place, name)


def _rows_now(place: Place) -> Mapping[str, int]:
    database = kind_of(place)
    if not database.exists(place):
        return {}
    try:
        return database.rows(place)
    except OpsctlError as error:
        if error.cause != "db.corrupt":
            raise
        console.warning(str(error))
        return {}


def _safety_backup(settings: Settings, place: Place, wanted: str) -> str | None:
    """A backup of what goes. None when there is nothing, or nothing that can be read; it is then kept as it is."""
    if not kind_of(place).exists(place):
        return None
    console.progress(f"taking a backup of {place.where} first")
    try:
        return backups.make(settings, place, label=f"before restore of {wanted}").id
    except OpsctlError as error:
        if error.cause != "db.corrupt":
            raise
        console.warning(f"{error}; it is kept as it is")
        return None


def _require_same(place: Place, fresh: str, manifest: Manifest) -> None:
    console.progress("comparing every table with the manifest")
    found = differences(manifest.contents, kind_of(place).contents(place, fresh))
    if not found:
        return
    for sentence in found[:SHOWN_DIFFERENCES]:
        console.warning(sentence)
    raise Refused(
        f"what was loaded is not what was backed up: {found[0]}; the live database was not touched",
        cause="restore.mismatch",
        hint=f"look at {fresh}; the next opsctl db command removes it",
    )
