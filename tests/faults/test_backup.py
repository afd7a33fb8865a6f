"""Fault matrix, rows A: what goes wrong while a backup is taken, and what must be true after it."""

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil
import psycopg
import pytest

from opsctl.backups.names import next_name

MOMENTS = 8
OPSCTL_BACKUP = (sys.executable, "-m", "opsctl", "db", "backup")


def assert_all_is_well(stocked, *, at_least=0):
    """I1 every listed backup verifies, I3 none was lost, I6 the next run needs no help and leaves nothing hidden."""
    verified = stocked.opsctl("db", "verify", "--all", "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert len(json.loads(verified.stdout)["checked"]) >= at_least
    again = stocked.opsctl("db", "backup", "--json")
    assert again.returncode == 0, again.stderr
    assert stocked.listed()[0]["id"] == json.loads(again.stdout)["id"]
    assert stocked.hidden() == []


def how_long(stocked, *words):
    started = time.monotonic()
    done = stocked.opsctl(*words)
    assert done.returncode == 0, done.stderr
    return time.monotonic() - started


def the_dump_of(child):
    """The pg_dump that an opsctl has started, as soon as it dumps."""
    watched = psutil.Process(child.pid)
    while child.poll() is None:
        for one in watched.children(recursive=True):
            try:
                if one.name() == "pg_dump" and "--format=custom" in one.cmdline():
                    return one
            except psutil.Error:
                continue
        time.sleep(0.002)
    pytest.fail("it ended before it dumped")


def test_a1_to_a5_kill_9_at_any_moment_lists_nothing_unfinished(stocked):
    stocked.fatten(6)
    whole = how_long(stocked, "db", "backup")
    chance = random.Random(f"{stocked.kind}-A1")

    for _ in range(MOMENTS):
        stocked.killed("db", "backup", after_s=chance.uniform(0.1, whole))
        assert all(one["ok"] for one in stocked.listed())

    assert_all_is_well(stocked, at_least=1)


@pytest.mark.parametrize("call", ["rename", "fsync", "unlink,unlinkat,rmdir", "mkdir"])
def test_a1_to_a5_kill_9_at_each_call_that_changes_the_disk(sqlite, strace, call):
    sqlite.environment["OPSCTL_BACKUP_KEEP"] = "2"  # so that old ones go as well
    for _ in range(2):
        sqlite.opsctl("db", "backup")

    for number in range(1, 5):
        killed = subprocess.run(
            [*strace, f"-einject={call}:signal=KILL:when={number}", *OPSCTL_BACKUP],
            cwd=sqlite.project,
            env={**os.environ, **sqlite.environment, "OPSCTL_RUNTIME_NAME": "local"},
            capture_output=True,
            text=True,
        )
        assert killed.returncode in (0, -signal.SIGKILL, 128 + signal.SIGKILL), killed.stderr
        assert all(one["ok"] for one in sqlite.listed())
        assert len(sqlite.listed()) >= 2

    assert_all_is_well(sqlite, at_least=2)


def test_a2_no_dump_program_outlives_the_one_that_started_it(postgres):
    postgres.fatten(12)
    child = postgres.start("db", "backup")
    dumping = the_dump_of(child)

    child.kill()
    child.communicate()

    _, alive = psutil.wait_procs([dumping], timeout=2)
    assert alive == []
    next_run = postgres.opsctl("db", "backup")
    assert "left by a run that was killed" in next_run.stderr
    assert_all_is_well(postgres, at_least=1)


def test_a2_session_that_a_killed_run_left_on_the_server_is_ended(postgres):
    orphan = psycopg.connect(postgres.url, application_name="opsctl")

    done = postgres.opsctl("db", "backup")

    assert done.returncode == 0, done.stderr
    assert "ended 1 database session" in done.stderr
    with pytest.raises(psycopg.OperationalError):
        orphan.execute("SELECT 1")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a6_signals_end_it_cleanly_and_free_the_lock(stocked, number, code):
    stocked.fatten(24)
    chance = random.Random(f"{stocked.kind}-{code}")
    statuses = []

    for _ in range(3):
        child = stocked.start("db", "backup")
        while not stocked.hidden() and child.poll() is None:  # before that there is nothing to clean up
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.1))
        child.send_signal(number)
        child.communicate(timeout=60)
        statuses.append(child.returncode)
        assert stocked.hidden() == []

    assert code in statuses
    assert set(statuses) <= {code, 0}
    assert_all_is_well(stocked)


@pytest.fixture
def small_disk(tmp_path):
    """Mount a folder of a few megabytes."""
    mounted = []

    def mount(folder, size="3m"):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "none", folder])
        if done.returncode != 0:
            pytest.skip("mounting needs root")
        mounted.append(folder)

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a8_too_little_room_is_foreseen(stocked, small_disk):
    stocked.fatten(8)
    small_disk(stocked.backups)

    done = stocked.opsctl("db", "backup", "--json")

    assert done.returncode == 5
    assert json.loads(done.stdout)["error"]["cause"] == "disk.full"
    assert list(stocked.backups.iterdir()) == []


def test_a8_disk_that_fills_up_on_the_way_leaves_the_old_backup(stocked, small_disk):
    small_disk(stocked.backups, "64m")
    assert stocked.opsctl("db", "backup").returncode == 0  # a small one: the next is expected to be small too
    stocked.fatten(70)
    (stocked.backups / "ballast").write_bytes(os.urandom(30 * 2**20))

    done = stocked.opsctl("db", "backup", "--json")

    assert done.returncode == 1, done.stdout
    assert json.loads(done.stdout)["error"]["cause"] == "disk.full"
    assert stocked.hidden() == []
    (stocked.backups / "ballast").unlink()
    assert len(stocked.listed()) == 1


@pytest.mark.parametrize(("call", "cause"), [("fsync:error=EIO", "disk.failed"), ("fsync:error=ENOSPC", "disk.full")])
def test_a8_a9_disk_that_fails_when_the_backup_is_synced(sqlite, strace, call, cause):
    for number in range(1, 4):  # the data, the manifest, the folder
        done = subprocess.run(
            [*strace, f"-einject={call}:when={number}", *OPSCTL_BACKUP, "--json"],
            cwd=sqlite.project,
            env={**os.environ, "OPSCTL_RUNTIME_NAME": "local"},
            capture_output=True,
            text=True,
        )

        assert done.returncode == 1, done.stderr
        assert json.loads(done.stdout)["error"]["cause"] == cause
        assert list(sqlite.backups.iterdir()) == []
    assert_all_is_well(sqlite)


def test_a10_limit_on_the_size_of_files_is_told(stocked):
    stocked.fatten(4)
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))  # noqa: E731

    child = stocked.start("db", "backup", preexec_fn=limit)
    _, err = child.communicate(timeout=60)

    assert child.returncode == 1, err
    assert "Traceback" not in err
    assert "next:" in err
    assert stocked.hidden() == []
    assert_all_is_well(stocked)


def test_a11_folder_that_cannot_be_written_is_named(sqlite, small_disk):
    small_disk(sqlite.backups, "64m")
    subprocess.run(["mount", "-o", "remount,ro", sqlite.backups], check=True)

    done = sqlite.opsctl("db", "backup", "--json")

    assert done.returncode == 1
    assert str(sqlite.backups) in json.loads(done.stdout)["error"]["message"]


def test_a15_server_that_hangs_is_given_up(postgres):
    postgres.fatten(2)
    postgres.environment["OPSCTL_BACKUP_DUMP_TIMEOUT_S"] = "2"
    child = postgres.start("db", "backup", "--json")
    the_dump_of(child).suspend()  # to us a program that waits for a server that hangs is the same

    out, err = child.communicate(timeout=60)

    assert child.returncode == 1, out + err
    assert json.loads(out)["error"]["cause"] == "program.timeout"
    assert postgres.hidden() == []


def test_a16_server_that_ends_the_session_on_the_way_is_told(postgres):
    postgres.fatten(12)
    child = postgres.start("db", "backup", "--json")
    ended = []
    with postgres.connected() as execute:
        while not ended and child.poll() is None:
            ended = execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'opsctl' AND query LIKE 'COPY%' AND datname = ?",
                postgres.name,
            )
    out, err = child.communicate(timeout=60)

    assert child.returncode == 1, out + err
    assert json.loads(out)["error"]["cause"] == "db.connection_lost"
    assert_all_is_well(postgres)


def test_a25_names_keep_their_order_when_the_clock_is_set_back(sqlite):
    first = sqlite.opsctl("db", "backup", "--json")
    earlier = sqlite.backups / next_name([json.loads(first.stdout)["id"]], datetime(2020, 1, 1, tzinfo=UTC))
    shutil.copytree(sqlite.backups / json.loads(first.stdout)["id"], earlier)

    assert [one["id"] for one in sqlite.listed()] == [earlier.name, json.loads(first.stdout)["id"]]


def test_e1_of_many_at_once_one_works_and_the_others_say_who_is_at_it(stocked):
    stocked.fatten(6)

    children = [stocked.start("db", "backup", "--json") for _ in range(5)]
    ended = [(child.communicate(timeout=120), child.returncode) for child in children]

    codes = sorted(code for _, code in ended)
    assert codes.count(0) >= 1
    assert set(codes) <= {0, 6}
    for (out, err), code in ended:
        if code == 6:
            assert json.loads(out)["error"]["cause"] == "lock.busy"
            assert "pid" in err
    assert_all_is_well(stocked, at_least=1)


def test_no_password_in_any_argv(postgres):
    postgres.fatten(4)
    child = postgres.start("db", "backup")
    seen = set()
    while child.poll() is None:
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                seen.add(entry.read_bytes())
            except OSError:
                continue
    out, err = child.communicate()

    assert child.returncode == 0, err
    assert any(b"pg_dump" in words for words in seen)
    assert not any(postgres.secret.encode() in words for words in seen)
    assert postgres.secret not in out + err
