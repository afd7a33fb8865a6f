"""Fault matrix, rows B: what goes wrong while a backup is brought back, and what must be true after it."""

import hashlib
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace

import psycopg
import pytest
import zstandard

from opsctl.backups import manifest
from opsctl.databases.postgres.restoring import swap_steps
from tests.integration.opsctl.stocked import PEOPLE

MOMENTS = 6
OLD, NEW = [*PEOPLE, "dora"], list(PEOPLE)


@pytest.fixture
def backed_up(stocked):
    """A backup without dora, a database with her: which of the two is live can be seen."""
    done = stocked.opsctl("db", "backup", "--json")
    assert done.returncode == 0, done.stderr
    stocked.add("dora")
    return json.loads(done.stdout)["id"]


def assert_whole(stocked):
    """I2: the live database is wholly the old one or wholly the new one, and takes writes."""
    assert stocked.people() in (OLD, NEW)
    stocked.run("INSERT INTO empty_one (id) VALUES (1)")
    stocked.run("DELETE FROM empty_one")


def assert_next_restore_works(stocked, backup):
    done = stocked.opsctl("db", "restore", backup, "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert stocked.people() == NEW
    assert stocked.hidden() == []
    if stocked.kind == "sqlite":
        left = {file.name for file in stocked.file.parent.iterdir() if ".before-" not in file.name}
        assert left <= {"app.db", "app.db-wal", "app.db-shm", "app.db.lock"}
    else:
        assert stocked.run("SELECT count(*) FROM pg_database WHERE datname = ?", f"{stocked.name}_restoring") == [(0,)]


def test_b15_to_b18_kill_9_at_any_moment_leaves_the_old_database_or_the_new_one(stocked, backed_up):
    started = time.monotonic()
    assert stocked.opsctl("db", "restore", backed_up, "--yes").returncode == 0
    whole = time.monotonic() - started
    assert stocked.opsctl("db", "undo", "--yes").returncode == 0
    chance = random.Random(f"{stocked.kind}-B15")

    for _ in range(MOMENTS):
        stocked.killed("db", "restore", backed_up, "--yes", after_s=chance.uniform(0.3, whole))
        if stocked.kind == "postgresql":
            stocked.opsctl("db", "backup")  # a swap that was interrupted is put right by any next run
        assert_whole(stocked)
        assert all(one["ok"] for one in stocked.listed())

    assert_next_restore_works(stocked, backed_up)


@pytest.mark.parametrize("call", ["rename", "link", "unlink", "flock"])
def test_b24_kill_9_at_each_call_around_the_swap_of_the_file(sqlite, strace, call):
    backup = json.loads(sqlite.opsctl("db", "backup", "--json").stdout)["id"]
    sqlite.add("dora")

    for number in range(1, 4):
        killing = [*strace, f"-einject={call}:signal=KILL:when={number}"]
        subprocess.run(
            [*killing, sys.executable, "-m", "opsctl", "db", "restore", backup, "--yes"],
            cwd=sqlite.project,
            env={**os.environ, "OPSCTL_RUNTIME_NAME": "local"},
            capture_output=True,
        )
        assert_whole(sqlite)
        assert sqlite.run("PRAGMA integrity_check") == [("ok",)]

    assert_next_restore_works(sqlite, backup)


def test_b17_backend_that_dies_between_any_two_statements_of_the_swap(postgres, postgres_url):
    backup = json.loads(postgres.opsctl("db", "backup", "--json").stdout)["id"]
    postgres.add("dora")
    names = (postgres.name, f"{postgres.name}_restoring", f"{postgres.name}_before_0009_20260101000000")
    statements = swap_steps(*names)
    assert statements[-1] == "COMMIT;"

    for step in range(1, len(statements)):
        with psycopg.connect(postgres_url, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {postgres.name}_restoring OWNER {postgres.name}")
        with psycopg.connect(postgres_url, autocommit=True) as swapping:
            for statement in statements[:step]:
                swapping.execute(statement)
            with psycopg.connect(postgres_url, autocommit=True) as admin:
                admin.execute("SELECT pg_terminate_backend(%s, 2000)", (swapping.info.backend_pid,))
            swapping.close()

        mended = postgres.opsctl("db", "backup")
        assert mended.returncode == 0, mended.stderr
        assert "opened" in mended.stderr
        assert postgres.people() == OLD

    assert_next_restore_works(postgres, backup)


def test_b17_closed_database_is_told_with_the_way_out(postgres, postgres_url):
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {postgres.name} ALLOW_CONNECTIONS false")

    looked = postgres.opsctl("db", "restore", "20260101T000000Z-0001", "--yes")
    assert looked.returncode == 4

    mended = postgres.opsctl("db", "backup")
    assert mended.returncode == 0, mended.stderr
    assert postgres.people() == NEW


def test_b6_what_is_not_a_dump_is_refused(stocked, backed_up):
    data = next((stocked.backups / backed_up).glob("app.*"))
    for content in (b"<!doctype html><html></html>", b"", os.urandom(data.stat().st_size)):
        data.write_bytes(content)

        refused = stocked.opsctl("db", "restore", backed_up, "--yes", "--json")

        assert refused.returncode == 4, refused.stderr
        assert json.loads(refused.stdout)["error"]["cause"] == "backup.corrupt"
    assert stocked.people() == OLD


def test_b7_bomb_is_stopped_at_the_size_that_the_manifest_says(sqlite):
    backup = json.loads(sqlite.opsctl("db", "backup", "--json").stdout)["id"]
    folder = sqlite.backups / backup
    bomb = zstandard.ZstdCompressor(level=19).compress(bytes(2**30))
    (folder / "app.db.zst").write_bytes(bomb)
    forged = replace(manifest.read(folder), bytes=len(bomb), sha256=hashlib.sha256(bomb).hexdigest())
    (folder / "manifest.json").write_text(forged.to_json())

    child = sqlite.start("db", "restore", backup, "--yes", "--json")
    out, err = child.communicate(timeout=60)

    assert child.returncode == 4, err
    assert json.loads(out)["error"]["cause"] == "backup.corrupt"
    assert sqlite.people() == NEW
    assert sum(file.stat().st_size for file in sqlite.file.parent.iterdir()) < 10 * 2**20


def test_b13_no_safety_backup_no_restore(sqlite):
    backup = json.loads(sqlite.opsctl("db", "backup", "--json").stdout)["id"]
    sqlite.add("dora")
    sqlite.environment["OPSCTL_BACKUP_LOCK_WAIT_S"] = "1"
    with sqlite.connected() as execute:
        execute("BEGIN EXCLUSIVE")
        refused = sqlite.opsctl("db", "restore", backup, "--yes", "--json")

    assert refused.returncode == 1
    assert json.loads(refused.stdout)["error"]["cause"] == "db.locked"
    assert sqlite.people() == OLD


def test_b21_server_that_ends_the_load_leaves_the_old_database(postgres):
    postgres.fatten(10)
    backup = json.loads(postgres.opsctl("db", "backup", "--json").stdout)["id"]
    before = postgres.people()
    child = postgres.start("db", "restore", backup, "--yes", "--json")
    ended = []
    with postgres.connected() as execute:
        while not ended and child.poll() is None:
            ended = execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ? AND query LIKE 'COPY%'",
                f"{postgres.name}_restoring",
            )
    out, err = child.communicate(timeout=120)

    assert child.returncode == 1, out + err
    assert json.loads(out)["error"]["cause"] == "db.connection_lost"
    assert postgres.people() == before


def test_b25_two_restores_at_once_and_a_backup_beside_them(stocked, backed_up):
    words = [("db", "restore", backed_up, "--yes"), ("db", "restore", backed_up, "--yes"), ("db", "backup")]
    children = [stocked.start(*each) for each in words]
    said = [child.communicate(timeout=120)[1] for child in children]

    codes = Counter(child.returncode for child in children)
    assert codes[0] >= 1, said
    assert set(codes) <= {0, 6}, said
    assert_whole(stocked)
    assert_next_restore_works(stocked, backed_up)


def test_b19_readers_in_the_middle_of_the_swap_see_one_database_or_the_other(sqlite):
    backup = json.loads(sqlite.opsctl("db", "backup", "--json").stdout)["id"]
    sqlite.add("dora")
    stop, seen = threading.Event(), Counter()

    def read():
        while not stop.is_set():
            seen[len(sqlite.people())] += 1
            time.sleep(0.003)  # the lock is not fair: readers without any pause would keep the swap out

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    try:
        for words in (("db", "restore", backup, "--yes"), ("db", "undo", "--yes"), ("db", "undo", "--yes")):
            done = sqlite.opsctl(*words)
            assert done.returncode == 0, done.stderr
    finally:
        stop.set()
        for reader in readers:
            reader.join()

    assert set(seen) == {len(OLD), len(NEW)}
