"""`opsctl db backup` (all of it) beside what an operator would type."""

import os
import shutil
import subprocess
from datetime import UTC, datetime

from benchmarks.comparison import Comparison, in_turns
from benchmarks.deployment import Filled, filled
from opsctl.backups import taking


def compare(scale: float, database: str) -> Comparison:
    """Ours: hash, fingerprints, manifest, a full read back, synced. The peer only dumps."""
    peer_name, peer = (".dump | gzip", sqlite_dump) if database == "sqlite" else ("pg_dump -Fd -j2", directory_dump)
    with filled(database, scale) as made:
        return in_turns(
            "backup",
            lambda: take(made),
            lambda: peer(made),
            peer_name=peer_name,
            scale=scale,
            database=database,
            rows=made.rows,
        )


def take(made: Filled) -> None:
    taking.clean_up(made.settings, made.place)
    plan = taking.plan_backup(made.settings, made.place, label="", now=datetime.now(UTC))
    taking.take(made.settings, made.place, plan)


def sqlite_dump(made: Filled) -> None:
    with (made.folder / "peer.gz").open("wb") as target:
        dump = subprocess.Popen(["sqlite3", str(made.place.file), ".dump"], stdout=subprocess.PIPE)
        subprocess.run(["gzip"], stdin=dump.stdout, stdout=target, check=True)
        os.fsync(target.fileno())
        if dump.wait() != 0:
            raise SystemExit("sqlite3 failed")


def directory_dump(made: Filled) -> None:
    words = [
        *made.place.prefix,
        "pg_dump",
        "-U",
        "stockalert",
        "-Fd",
        "-j2",
        "--compress=zstd:1",
        "-f",
        "/backups/peer",
    ]
    subprocess.run([*words, "stockalert"], check=True)
    shutil.rmtree(made.folder / "backups" / "peer")
