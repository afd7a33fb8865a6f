"""What a backup is: a folder with a manifest and one data file, published whole or not at all."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsctl.backups.catalogue import Entry
    from opsctl.backups.manifest import Manifest
    from opsctl.databases import Place
    from opsctl.settings import Settings


def make(settings: "Settings", place: "Place", *, label: str) -> "Manifest":
    """One verified backup of the database as it is now, for a command that is about to change it.

    The caller holds the lock. Raises OpsctlError kinds, with nothing published. No old backup is removed.
    """
    from opsctl.backups import taking

    taking.clean_up(settings, place)
    return taking.take(settings, place, taking.plan_backup(settings, place, label=label, now=datetime.now(UTC)))


def newest(settings: "Settings") -> "Entry | None":
    """The last backup that is there and not damaged as far as its manifest and sizes tell."""
    from opsctl.backups import catalogue

    return next((entry for entry in catalogue.newest_first(settings.backup_dir) if entry.cause is None), None)
