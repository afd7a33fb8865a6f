"""kill -9 of `opsctl db backup` at ten moments: nothing half-written is listed, the next run needs no help."""

import random
import signal
import subprocess
import sys
import time

import pytest

from tests.e2e.deployment import ROOT

MOMENTS = 10


@pytest.fixture(scope="module")
def filled(local):
    """Enough rows that a backup takes longer than the moments of the kills are apart."""
    url = f"sqlite:///{local.folder / 'data' / 'app.db'}"
    words = [sys.executable, "-m", "benchmarks.dataset", "--url", url, "--scale", "0.3"]
    local.opsctl("down")
    subprocess.run(words, cwd=ROOT, check=True, timeout=600)
    return local


def test_killed_backup_leaves_nothing_that_is_listed(filled):
    started = time.monotonic()
    assert filled.opsctl("db", "backup").code == 0
    whole = time.monotonic() - started
    chance = random.Random(20261123)

    for _ in range(MOMENTS):
        child = subprocess.Popen(
            [*filled.program, "db", "backup"],
            cwd=filled.folder,
            env=filled.surroundings({}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(chance.uniform(0.05, whole))
        child.send_signal(signal.SIGKILL)
        child.wait()

        checked = filled.opsctl("db", "verify", "--all", "--json")
        assert checked.code == 0, checked
        assert all(one["ok"] for one in checked.json["checked"])

    again = filled.opsctl("db", "backup", "--json")
    assert again.code == 0, again
    assert again.json["id"] == filled.opsctl("db", "backups", "--json").json["backups"][0]["id"]
    assert not [entry for entry in (filled.folder / "backups").iterdir() if entry.name.startswith(".")]
