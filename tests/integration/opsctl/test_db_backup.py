"""opsctl db backup and db backups, on both databases."""

import hashlib
import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import threading

import pytest
import zstandard

from tests.integration.opsctl.stocked import ACCOUNTS, MONEY, PEOPLE, use_database

PG_DUMP = """#!/bin/sh
[ "$1" = --version ] && echo "pg_dump (PostgreSQL) 99.1" && exit 0
for word; do case $word in --file=*) file=${{word#--file=}} ;; esac; done
{does}
"""


@pytest.fixture
def pg_dump_that(tmp_path, monkeypatch):
    """Put a pg_dump on PATH that is new enough, and then does what is said; $file is where it should dump to."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def install(does):
        (folder / "pg_dump").write_text(PG_DUMP.format(does=does))
        (folder / "pg_dump").chmod(0o755)

    return install


def modes(folder):
    return {stat.S_IMODE(entry.stat().st_mode) for entry in folder.iterdir()}


def names_in(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_backup_is_published_whole_and_says_what_it_holds(stocked, opsctl):
    outcome = opsctl("db", "backup", "--label", "처음", "--json")

    assert outcome.exit_code == 0, outcome.output
    made = json.loads(outcome.stdout)
    folder = stocked.backups / made["id"]
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    data = folder / manifest["data_file"]
    assert made["path"] == str(folder)
    assert made["bytes"] == data.stat().st_size
    assert made["sha256"] == hashlib.sha256(data.read_bytes()).hexdigest()
    assert made["rows"] == {"people": len(PEOPLE), "accounts": ACCOUNTS, "empty_one": 0}
    assert made["revision"] is None
    assert made["seconds"] >= 0
    assert manifest["label"] == "처음"
    assert stocked.hidden() == []


def test_backups_lists_the_newest_first(stocked, opsctl):
    ids = [json.loads(opsctl("db", "backup", "--json").stdout)["id"] for _ in range(3)]

    listed = json.loads(opsctl("db", "backups", "--json").stdout)["backups"]

    assert [one["id"] for one in listed] == ids[::-1]
    assert all(one["ok"] for one in listed)


def test_sqlite_data_file_opens_without_opsctl(sqlite, opsctl, tmp_path):
    made = json.loads(opsctl("db", "backup", "--json").stdout)

    copy = tmp_path / "copy.db"
    with (sqlite.backups / made["id"] / "app.db.zst").open("rb") as source, copy.open("wb") as target:
        zstandard.ZstdDecompressor().copy_stream(source, target)

    assert [name for (name,) in sqlite3.connect(copy).execute("SELECT name FROM people ORDER BY id")] == list(PEOPLE)


def test_postgres_data_file_is_read_by_pg_restore_without_opsctl(postgres, opsctl):
    made = json.loads(opsctl("db", "backup", "--json").stdout)

    dump = postgres.backups / made["id"] / "app.dump"
    text = subprocess.run(["pg_restore", "-f", "-", dump], capture_output=True, check=True, text=True).stdout

    assert "찰리 🔔" in text


def test_dry_run_says_what_would_be_written_and_writes_nothing(stocked, opsctl):
    outcome = opsctl("db", "backup", "--dry-run", "--json")

    plan = json.loads(outcome.stdout)
    assert outcome.exit_code == 0
    assert plan["write"].startswith(str(stocked.backups))
    assert plan["database"] == stocked.name
    assert list(stocked.backups.iterdir()) == []
    assert not (stocked.project / ".opsctl" / "history.jsonl").exists()


def test_old_backups_go_once_the_new_one_has_proven_good(stocked, opsctl, monkeypatch):
    monkeypatch.setenv("OPSCTL_BACKUP_KEEP", "2")
    ids = [json.loads(opsctl("db", "backup", "--json").stdout)["id"] for _ in range(4)]

    listed = json.loads(opsctl("db", "backups", "--json").stdout)["backups"]

    assert [one["id"] for one in listed] == [ids[3], ids[2]]


def test_failed_dump_leaves_old_backups_alone(postgres, opsctl, pg_dump_that, monkeypatch):
    monkeypatch.setenv("OPSCTL_BACKUP_KEEP", "1")
    before = json.loads(opsctl("db", "backup", "--json").stdout)["id"]
    pg_dump_that("echo half a dump > $file; echo 'pg_dump: error: connection lost' >&2; exit 1")

    outcome = opsctl("db", "backup")

    assert outcome.exit_code == 1
    assert "connection lost" in outcome.stderr
    assert names_in(postgres.backups) == [before]


def test_half_a_dump_that_calls_itself_whole_is_not_published(postgres, opsctl, pg_dump_that):
    pg_dump_that(f'{shutil.which("pg_dump")} "$@"; truncate -s -100 $file')

    outcome = opsctl("db", "backup", "--json")

    assert outcome.exit_code == 4
    assert json.loads(outcome.stdout)["error"]["cause"] == "backup.corrupt"
    assert names_in(postgres.backups) == []


def test_killed_pg_dump_is_told_as_such(postgres, opsctl, pg_dump_that):
    pg_dump_that("kill -9 $$")

    outcome = opsctl("db", "backup")

    assert outcome.exit_code == 1
    assert "pg_dump died (signal 9)" in outcome.stderr
    assert names_in(postgres.backups) == []


def test_empty_dump_is_not_a_backup(postgres, opsctl, pg_dump_that):
    pg_dump_that("exit 0")

    outcome = opsctl("db", "backup", "--json")

    assert outcome.exit_code == 4
    assert json.loads(outcome.stdout)["error"]["cause"] == "backup.corrupt"
    assert names_in(postgres.backups) == []


@pytest.mark.parametrize("mask", [0o000, 0o777])
def test_nobody_else_can_read_a_backup_whatever_the_umask(stocked, opsctl, mask):
    stocked.backups.rmdir()
    before = os.umask(mask)
    try:
        outcome = opsctl("db", "backup", "--json")
    finally:
        os.umask(before)

    assert outcome.exit_code == 0, outcome.output
    assert stat.S_IMODE(stocked.backups.stat().st_mode) == 0o700
    assert modes(stocked.backups) == {0o700}
    assert modes(stocked.backups / json.loads(outcome.stdout)["id"]) == {0o600}


def test_folder_that_others_can_write_to_is_refused_with_the_line_that_mends_it(sqlite, opsctl):
    sqlite.backups.chmod(0o777)

    outcome = opsctl("db", "backup")

    assert outcome.exit_code == 5
    assert "backup.folder" in outcome.stderr
    assert f"chmod 700 {sqlite.backups}" in outcome.stderr


def test_folder_that_is_a_link_is_refused(sqlite, opsctl, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    sqlite.backups.rmdir()
    sqlite.backups.symlink_to(elsewhere)

    outcome = opsctl("db", "backup")

    assert outcome.exit_code == 5
    assert list(elsewhere.iterdir()) == []


def test_label_of_two_lines_is_wrong_words(sqlite, opsctl):
    assert opsctl("db", "backup", "--label", "one\ntwo").exit_code == 2


def test_what_is_backed_up_is_one_moment_while_others_write(stocked):
    stocked.fatten(4)
    stop = threading.Event()

    def move_money():
        with stocked.connected() as execute:
            while not stop.is_set():
                execute("BEGIN")
                execute("UPDATE accounts SET won = won - 10 WHERE id = 1")
                execute("UPDATE accounts SET won = won + 10 WHERE id = 2")
                execute("COMMIT")

    mover = threading.Thread(target=move_money)
    mover.start()
    try:
        outcomes = [stocked.opsctl("db", "backup", "--json") for _ in range(3)]
    finally:
        stop.set()
        mover.join()

    for outcome in outcomes:
        assert outcome.returncode == 0, outcome.stderr
        one = json.loads(outcome.stdout)
        restored = stocked.opsctl("db", "restore", one["id"], "--yes")
        assert restored.returncode == 0, restored.stderr
        assert stocked.money() == ACCOUNTS * MONEY


def test_sqlite_copies_are_good_under_a_busy_writer_whatever_the_log_holds(sqlite):
    stop = threading.Event()

    def churn():
        with sqlite.connected() as execute:
            execute("PRAGMA wal_autocheckpoint = 20")  # often, so that every state of the log comes along
            turn = 0
            while not stop.is_set():
                turn += 1
                execute("INSERT INTO people (name, note) VALUES (?, ?)", f"p{turn}", "x" * (turn * 37 % 9000))
                if turn % 3 == 0:
                    execute("DELETE FROM people WHERE id = (SELECT min(id) FROM people WHERE name LIKE 'p%')")

    writer = threading.Thread(target=churn)
    writer.start()
    try:
        # a process of its own: within one, closing a file drops the locks that others hold on it
        made = [json.loads(sqlite.opsctl("db", "backup", "--json").stdout) for _ in range(10)]
    finally:
        stop.set()
        writer.join()

    for one in made:
        restored = sqlite.opsctl("db", "restore", one["id"], "--yes", "--json")
        assert restored.returncode == 0, restored.stderr
        assert sqlite.run("PRAGMA integrity_check") == [("ok",)]
        assert sqlite.run("SELECT count(*) FROM people") == [(one["rows"]["people"],)]


def test_sqlite_that_is_not_in_wal_mode_is_backed_up_all_the_same(sqlite, opsctl):
    sqlite.run("PRAGMA journal_mode = DELETE")

    made = json.loads(opsctl("db", "backup", "--json").stdout)
    sqlite.add("dora")
    outcome = opsctl("db", "restore", made["id"], "--yes")

    assert outcome.exit_code == 0, outcome.output
    assert sqlite.people() == list(PEOPLE)
    assert names_in(sqlite.backups / made["id"]) == ["app.db.zst", "manifest.json"]


def test_sqlite_that_is_locked_names_who_holds_it(sqlite, opsctl, monkeypatch):
    monkeypatch.setenv("OPSCTL_BACKUP_LOCK_WAIT_S", "1")
    with sqlite.connected() as execute:
        execute("BEGIN EXCLUSIVE")
        outcome = opsctl("db", "backup", "--json")

    assert outcome.exit_code == 1
    assert json.loads(outcome.stdout)["error"]["cause"] == "db.locked"
    assert opsctl("db", "backup").exit_code == 0


def test_damaged_sqlite_gives_no_backup(sqlite, opsctl):
    sqlite.fatten(1)
    sqlite.run("PRAGMA wal_checkpoint(TRUNCATE)")
    with sqlite.file.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(4096 * 40))

    outcome = opsctl("db", "backup", "--json")

    assert outcome.exit_code == 1
    assert json.loads(outcome.stdout)["error"]["cause"] == "db.corrupt"
    assert list(sqlite.backups.iterdir()) == []


def test_missing_sqlite_is_said_and_not_made(sqlite, opsctl):
    sqlite.file.unlink()

    outcome = opsctl("db", "backup", "--json")

    assert outcome.exit_code == 5
    assert json.loads(outcome.stdout)["error"]["cause"] == "db.missing"
    assert not sqlite.file.exists()


def test_table_that_is_held_is_waited_for_and_its_holder_named(postgres, opsctl, monkeypatch):
    monkeypatch.setenv("OPSCTL_BACKUP_LOCK_WAIT_S", "1")
    with postgres.connected() as execute:
        execute("BEGIN")
        execute("LOCK TABLE people IN ACCESS EXCLUSIVE MODE")
        ((pid,),) = execute("SELECT pg_backend_pid()")
        outcome = opsctl("db", "backup")

    assert outcome.exit_code == 5
    assert "db.locked" in outcome.stderr
    assert f"pid {pid}" in outcome.stderr
    assert list(postgres.backups.iterdir()) == []


def test_wrong_password_names_user_and_host_and_never_the_password(postgres, opsctl):
    postgres.run(f"ALTER ROLE {postgres.name} PASSWORD 'another'")

    outcome = opsctl("db", "backup", "--json")

    failure = json.loads(outcome.stdout)["error"]
    assert outcome.exit_code == 5
    assert failure["cause"] == "db.auth"
    assert postgres.name in failure["message"]
    assert postgres.secret not in outcome.output


@pytest.mark.parametrize(
    ("part", "instead", "cause"), [(r"/\w+$", "/no_such", "db.missing"), (r":\d+/", ":1/", "db.unreachable")]
)
def test_database_that_cannot_be_reached_is_named(postgres, opsctl, part, instead, cause):
    use_database(postgres.project, re.sub(part, instead, postgres.url))

    outcome = opsctl("db", "backup", "--json")

    assert outcome.exit_code == 5
    assert json.loads(outcome.stdout)["error"]["cause"] == cause


def test_pg_dump_older_than_the_server_is_refused_before_it_dumps(postgres, opsctl, stand_in):
    calls = stand_in("pg_dump", stdout="pg_dump (PostgreSQL) 9.6.24")

    outcome = opsctl("db", "backup", "--json")

    assert outcome.exit_code == 5
    assert json.loads(outcome.stdout)["error"]["cause"] == "tool.version"
    assert calls() == [["--version"]]


def test_missing_pg_dump_is_named(postgres, opsctl, monkeypatch, tmp_path):
    only_psql = tmp_path / "only"
    only_psql.mkdir()
    (only_psql / "psql").symlink_to("/usr/bin/psql")
    monkeypatch.setenv("PATH", f"{only_psql}")

    outcome = opsctl("db", "backup", "--json")

    assert outcome.exit_code == 5
    assert json.loads(outcome.stdout)["error"]["cause"] == "tool.missing"


def test_table_that_the_role_may_not_read_is_named(postgres, opsctl):
    with postgres.connected() as execute:
        execute("REVOKE ALL ON people FROM CURRENT_USER")
        execute(f"ALTER ROLE {postgres.name} NOSUPERUSER")

    outcome = opsctl("db", "backup", "--json")

    failure = json.loads(outcome.stdout)["error"]
    assert outcome.exit_code == 5, failure
    assert failure["cause"] == "db.permission"
    assert "people" in failure["message"]
