"""`opsctl db restore` until the restored database is live beside a bare load that nobody verified."""

import subprocess

from benchmarks.backup import sqlite_dump, take
from benchmarks.comparison import Comparison, in_turns
from benchmarks.deployment import Filled, filled
from opsctl.backups import catalogue, restoring
from opsctl.databases import kind_of


def compare(scale: float, database: str) -> Comparison:
    """Ours: hash, load beside, rows and fingerprints, swap. Without the backup of what goes, which has no peer."""
    peer_name, peer = ("gunzip | sqlite3", sqlite_load) if database == "sqlite" else ("pg_restore -j2", bare_load)
    with filled(database, scale) as made:
        take(made)
        if database == "sqlite":
            sqlite_dump(made)
        downtimes: list[float] = []
        found = in_turns(
            "restore",
            lambda: downtimes.append(bring_back(made)),
            lambda: peer(made),
            peer_name=peer_name,
            scale=scale,
            database=database,
            rows=made.rows,
        )
    found.counted["write_downtime_s"] = max(downtimes)
    return found


def bring_back(made: Filled) -> float:
    entry = catalogue.find(made.settings.backup_dir, "latest")
    restoring.plan_restore(made.settings, made.place, entry)
    return restoring.load_and_swap(made.settings, made.place, entry)[1]


def sqlite_load(made: Filled) -> None:
    target = made.folder / "peer.db"
    target.unlink(missing_ok=True)
    unzip = subprocess.Popen(["gunzip", "-c", made.folder / "peer.gz"], stdout=subprocess.PIPE)
    subprocess.run(["sqlite3", target], stdin=unzip.stdout, check=True)
    if unzip.wait() != 0:
        raise SystemExit("gunzip failed")


def bare_load(made: Filled) -> None:
    entry = catalogue.find(made.settings.backup_dir, "latest")
    words = [*made.place.prefix, "psql", "-q", "-U", "stockalert", "-d", "postgres", "-c"]
    subprocess.run([*words, "DROP DATABASE IF EXISTS peer"], check=True, capture_output=True)
    subprocess.run([*words, "CREATE DATABASE peer"], check=True)
    load = [
        "pg_restore",
        "-U",
        "stockalert",
        "-d",
        "peer",
        "-j2",
        f"/backups/{entry.id}/{kind_of(made.place).DATA_FILE}",
    ]
    subprocess.run([*made.place.prefix, *load], check=True)
