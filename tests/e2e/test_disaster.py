"""A million rows in SQLite: backed up, the file deleted, restored, and restored over a living database."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.deployment import ROOT, until
from tests.e2e.disaster import flip_one_byte, sqlite_fingerprints, writing_all_the_while


@pytest.fixture(scope="module")
def filled(local):
    """The deployment with at least a million rows, and the fingerprints of a quiet moment with its backup."""
    local.filled_client = local.account("carol")
    local.opsctl("down")
    local.database = local.folder / "data" / "app.db"
    words = [sys.executable, "-m", "benchmarks.dataset", "--url", f"sqlite:///{local.database}"]
    subprocess.run(words, cwd=ROOT, check=True, timeout=600)
    local.fingerprints = sqlite_fingerprints(local.database)
    made = local.opsctl("db", "backup", "--json")
    assert made.code == 0, made
    local.backup = made.json
    return local


def test_a_million_rows_come_back_after_the_file_is_gone(filled):
    assert sum(filled.backup["rows"].values()) >= 1_000_000
    for file in filled.database.parent.glob("app.db*"):
        file.unlink()

    assert filled.opsctl("up").code == 0
    assert filled.opsctl("down").code == 0
    restored = filled.opsctl("db", "restore", filled.backup["id"], "--yes", "--json")

    assert restored.code == 0, restored
    filled.opsctl("down")
    assert sqlite_fingerprints(filled.database) == filled.fingerprints
    assert filled.opsctl("up").code == 0
    assert filled.opsctl("status").code == 0


def test_restore_over_a_living_database_stops_writes_for_a_second_at_most(filled):
    filled.opsctl("up")

    with writing_all_the_while(filled.filled_client) as writer:
        until(lambda: len(writer.acknowledged) > 20, "the first writes")
        restored = filled.opsctl("db", "restore", filled.backup["id"], "--yes", "--json")
        done = len(writer.acknowledged)
        until(lambda: len(writer.acknowledged) > done + 20, "writes after the restore")

    assert restored.code == 0, restored
    assert writer.longest_silence_s <= 1.0
    assert restored.json["write_downtime_seconds"] <= 1.0
    assert filled.opsctl("status").code == 0


def test_one_flipped_byte_is_refused_before_the_database_is_touched(filled):
    made = filled.opsctl("db", "backup", "--json").json
    data = next(file for file in (filled.folder / Path(made["path"])).iterdir() if file.name != "manifest.json")
    before = filled.database.stat().st_ino

    flip_one_byte(data)
    refused = filled.opsctl("db", "restore", made["id"], "--yes", "--json")
    verified = filled.opsctl("db", "verify", made["id"], "--json")

    assert refused.code == 4, refused
    assert refused.json["error"]["cause"] == "backup.corrupt"
    assert verified.code == 3, verified
    assert filled.database.stat().st_ino == before
