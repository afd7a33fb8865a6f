"""opsctl db restore, on both databases."""

import json
import shutil
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import replace
from itertools import pairwise

import psycopg
import pytest

from opsctl.backups import manifest
from tests.integration.opsctl.stocked import PEOPLE, become, use_database

# loads everything, then loses a row: what a trigger or a wrong server would do
LOSES_A_ROW = """#!/bin/sh
{real} "$@" || exit $?
for word; do
  case $word in --dbname=*) psql -Xq -d "${{word#--dbname=}}" -c "DELETE FROM people WHERE name = 'bob'" ;; esac
done
"""


@pytest.fixture
def backed_up(stocked, opsctl):
    """A backup of the people there are, and one who came after it."""
    made = json.loads(opsctl("db", "backup", "--json").stdout)
    stocked.add("dora")
    return made


def said(outcome):
    return json.loads(outcome.stdout)


def test_rows_come_back_as_they_were_and_what_went_is_backed_up_and_kept(stocked, opsctl, backed_up):
    outcome = opsctl("db", "restore", backed_up["id"], "--yes", "--json")

    assert outcome.exit_code == 0, outcome.output
    done = said(outcome)
    assert stocked.people() == list(PEOPLE)
    assert done["restored"] == backed_up["id"]
    assert done["previous"]
    assert done["seconds"] > 0
    assert 0 <= done["write_downtime_seconds"] <= 1
    listed = said(opsctl("db", "backups", "--json"))["backups"]
    assert [one["rows"]["people"] for one in listed] == [len(PEOPLE) + 1, len(PEOPLE)]
    assert listed[0]["id"] == done["safety_backup"]


def test_ids_go_on_where_they_were(stocked, opsctl, backed_up):
    opsctl("db", "restore", "latest", "--yes")

    stocked.add("erin")

    assert stocked.run("SELECT max(id) FROM people") == [(len(PEOPLE) + 1,)]


def test_latest_is_the_newest(stocked, opsctl, backed_up):
    opsctl("db", "backup")
    stocked.add("erin")

    assert opsctl("db", "restore", "latest", "--yes").exit_code == 0

    assert stocked.people() == [*PEOPLE, "dora"]


def test_dry_run_shows_the_rows_that_go_and_come_and_changes_nothing(stocked, opsctl, backed_up):
    outcome = opsctl("db", "restore", "latest", "--dry-run", "--json")

    plan = said(outcome)
    assert outcome.exit_code == 0
    assert plan["rows_that_go"]["people"] == len(PEOPLE) + 1
    assert plan["rows_that_come"]["people"] == len(PEOPLE)
    assert plan["database"] == stocked.name
    assert plan["environment"] == "development"
    assert stocked.people() == [*PEOPLE, "dora"]


def test_nobody_to_ask_and_no_flag_is_a_no(stocked, opsctl, backed_up):
    outcome = opsctl("db", "restore", "latest", "--json")

    assert outcome.exit_code == 4
    assert said(outcome)["error"]["cause"] == "confirm.missing"
    assert stocked.people() == [*PEOPLE, "dora"]
    assert len(said(opsctl("db", "backups", "--json"))["backups"]) == 1


def test_another_name_is_a_no_even_with_yes(stocked, opsctl, backed_up):
    outcome = opsctl("db", "restore", "latest", "--yes", "--confirm", "production", "--json")

    assert outcome.exit_code == 4
    assert said(outcome)["error"]["cause"] == "confirm.wrong"
    assert stocked.people() == [*PEOPLE, "dora"]


def test_production_wants_the_name_and_yes_is_not_one(stocked, opsctl):
    become(stocked.project, "production")
    made = said(opsctl("db", "backup", "--json"))
    stocked.add("dora")

    refused = opsctl("db", "restore", made["id"], "--yes")
    assert refused.exit_code == 4
    assert f"--confirm {stocked.name}" in refused.stderr
    assert stocked.people() == [*PEOPLE, "dora"]

    assert opsctl("db", "restore", made["id"], "--confirm", stocked.name).exit_code == 0
    assert stocked.people() == list(PEOPLE)


def test_saying_development_is_no_way_around_the_questions_of_production(sqlite, opsctl):
    made = said(opsctl("db", "backup", "--json"))
    become(sqlite.project, "production")

    outcome = opsctl("db", "restore", made["id"], "--yes", "--env", "development", "--json")

    assert outcome.exit_code == 4
    assert said(outcome)["error"]["cause"] == "environment.other"


@pytest.mark.parametrize("name", ["..", "../../etc", "a/b", "", "20261123T031500Z-0001/..", "/etc/passwd", "x" * 300])
def test_what_is_not_a_name_is_wrong_words(sqlite, opsctl, name):
    assert opsctl("db", "restore", name, "--yes").exit_code == 2


def test_backup_that_is_not_there_is_said(stocked, opsctl):
    outcome = opsctl("db", "restore", "20260101T000000Z-0007", "--yes", "--json")

    assert outcome.exit_code == 4
    assert said(outcome)["error"]["cause"] == "backup.not_found"


def test_one_flipped_byte_is_refused_before_the_database_is_touched(stocked, opsctl, backed_up):
    data = next((stocked.backups / backed_up["id"]).glob("app.*"))
    content = bytearray(data.read_bytes())
    content[len(content) // 2] ^= 1
    data.write_bytes(content)

    outcome = opsctl("db", "restore", backed_up["id"], "--yes", "--json")

    assert outcome.exit_code == 4
    assert said(outcome)["error"]["cause"] == "backup.corrupt"
    assert stocked.people() == [*PEOPLE, "dora"]
    assert len(list(stocked.backups.iterdir())) == 1


def test_another_backups_data_is_refused(stocked, opsctl, backed_up):
    other = said(opsctl("db", "backup", "--json"))
    data = next((stocked.backups / other["id"]).glob("app.*"))
    shutil.copy(data, stocked.backups / backed_up["id"] / data.name)

    outcome = opsctl("db", "restore", backed_up["id"], "--yes", "--json")

    assert outcome.exit_code == 4
    assert said(outcome)["error"]["cause"] == "backup.corrupt"


def test_backup_of_another_environment_is_refused(stocked, opsctl, backed_up):
    become(stocked.project, "test")

    outcome = opsctl("db", "restore", backed_up["id"], "--yes", "--json")

    assert outcome.exit_code == 4
    assert said(outcome)["error"]["cause"] == "restore.environment"
    assert stocked.people() == [*PEOPLE, "dora"]


def test_schema_that_the_code_does_not_know_is_refused(stocked, opsctl):
    versions = stocked.project / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions / "first.py").write_text('revision = "0001"\ndown_revision = None\n')
    stocked.run("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
    stocked.run("INSERT INTO alembic_version VALUES ('0001')")
    known = said(opsctl("db", "backup", "--json"))
    stocked.run("UPDATE alembic_version SET version_num = '0002'")
    newer = said(opsctl("db", "backup", "--json"))

    refused = opsctl("db", "restore", newer["id"], "--yes", "--json")
    assert refused.exit_code == 4
    assert said(refused)["error"]["cause"] == "restore.newer_schema"

    done = opsctl("db", "restore", known["id"], "--yes", "--json")
    assert done.exit_code == 0, done.output
    assert said(done)["revision"] == known["revision"] == "0001"


def test_backup_of_the_other_kind_of_database_is_refused(sqlite, opsctl):
    made = said(opsctl("db", "backup", "--json"))
    use_database(sqlite.project, "postgresql+psycopg://nobody@127.0.0.1:1/nothing")

    outcome = opsctl("db", "restore", made["id"], "--yes", "--json")

    assert outcome.exit_code == 4
    assert said(outcome)["error"]["cause"] == "restore.engine"


def test_restore_where_there_is_no_database_any_more(stocked, opsctl, backed_up, request):
    if stocked.kind == "sqlite":
        for file in stocked.file.parent.iterdir():
            file.unlink()
    else:
        with psycopg.connect(request.getfixturevalue("postgres_url"), autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {stocked.name} WITH (FORCE)")

    outcome = opsctl("db", "restore", backed_up["id"], "--yes", "--json")

    assert outcome.exit_code == 0, outcome.output
    assert said(outcome)["previous"] is None
    assert stocked.people() == list(PEOPLE)


def test_damaged_sqlite_is_replaced_and_kept_as_it_is(sqlite, opsctl):
    made = said(opsctl("db", "backup", "--json"))
    sqlite.run("PRAGMA wal_checkpoint(TRUNCATE)")
    damaged = b"not a database at all" * 1000
    sqlite.file.write_bytes(damaged)

    outcome = opsctl("db", "restore", made["id"], "--yes", "--json")

    assert outcome.exit_code == 0, outcome.output
    assert sqlite.people() == list(PEOPLE)
    assert (sqlite.file.parent / said(outcome)["previous"]).read_bytes() == damaged


def test_program_that_does_not_take_part_in_a_swap_is_named(sqlite, opsctl, monkeypatch):
    made = said(opsctl("db", "backup", "--json"))
    with closing(sqlite3.connect(sqlite.file, isolation_level=None)) as stranger:
        stranger.execute("SELECT count(*) FROM people").fetchall()
        outcome = opsctl("db", "restore", made["id"], "--yes", "--json")

    assert outcome.exit_code == 6
    assert said(outcome)["error"]["cause"] == "db.busy"
    assert sqlite.people() == list(PEOPLE)
    assert opsctl("db", "restore", made["id"], "--yes").exit_code == 0


def test_app_in_the_middle_of_a_transaction_is_waited_for(sqlite, opsctl, monkeypatch):
    monkeypatch.setenv("OPSCTL_RESTORE_SWAP_WAIT_S", "1")
    made = said(opsctl("db", "backup", "--json"))
    with sqlite.connected():
        outcome = opsctl("db", "restore", made["id"], "--yes", "--json")

    assert outcome.exit_code == 6
    assert said(outcome)["error"]["cause"] == "db.busy"
    assert sqlite.people() == list(PEOPLE)


def test_writers_stand_still_for_less_than_a_second(stocked, opsctl):
    stocked.fatten(8)
    made = said(opsctl("db", "backup", "--json"))
    acknowledged, stop = [time.monotonic()], threading.Event()

    def write():
        turn = 0
        while not stop.is_set():
            turn += 1
            try:
                stocked.run("INSERT INTO empty_one (id) VALUES (?)", turn)
                acknowledged.append(time.monotonic())
            except (psycopg.Error, sqlite3.Error):
                time.sleep(0.01)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        outcome = stocked.opsctl("db", "restore", made["id"], "--yes", "--json")
        ended = time.monotonic()
        time.sleep(0.5)
    finally:
        stop.set()
        writer.join()

    assert outcome.returncode == 0, outcome.stderr
    assert acknowledged[-1] > ended
    silences = [later - earlier for earlier, later in pairwise(acknowledged)]
    assert max(silences) <= 1.0
    assert said(outcome)["write_downtime_seconds"] <= 1.0


def test_clients_that_reconnect_all_the_time_do_not_stop_the_swap(postgres, opsctl):
    made = said(opsctl("db", "backup", "--json"))
    stop = threading.Event()

    def reconnect():
        while not stop.is_set():
            try:
                postgres.run("SELECT count(*) FROM people")
            except psycopg.Error:
                time.sleep(0.002)

    clients = [threading.Thread(target=reconnect) for _ in range(12)]
    for client in clients:
        client.start()
    try:
        outcomes = [opsctl("db", "restore", made["id"], "--yes", "--json") for _ in range(3)]
    finally:
        stop.set()
        for client in clients:
            client.join()

    assert [one.exit_code for one in outcomes] == [0, 0, 0], outcomes[-1].output
    assert max(said(one)["write_downtime_seconds"] for one in outcomes) <= 1.0
    assert postgres.people() == list(PEOPLE)


def test_rows_that_got_lost_on_the_way_in_stop_the_swap(postgres, opsctl, stand_in, tmp_path, monkeypatch):
    made = said(opsctl("db", "backup", "--json"))
    program = tmp_path / "bin" / "pg_restore"
    program.write_text(LOSES_A_ROW.format(real=shutil.which("pg_restore")))
    program.chmod(0o755)

    outcome = opsctl("db", "restore", made["id"], "--yes", "--json")

    assert outcome.exit_code == 4
    assert said(outcome)["error"]["cause"] == "restore.mismatch"
    assert "people" in said(outcome)["error"]["message"]
    assert postgres.people() == list(PEOPLE)
    program.unlink()
    assert opsctl("db", "restore", made["id"], "--yes").exit_code == 0


def test_dump_that_needs_a_role_that_is_gone_is_refused_and_leaves_no_database_behind(postgres, opsctl, postgres_url):
    role = f"{postgres.name}_reader"
    postgres.run(f"CREATE ROLE {role}")
    postgres.run(f"GRANT SELECT ON people TO {role}")
    made = said(opsctl("db", "backup", "--json"))
    postgres.run(f"REVOKE SELECT ON people FROM {role}")
    postgres.run(f"DROP ROLE {role}")

    outcome = opsctl("db", "restore", made["id"], "--yes", "--json")

    assert outcome.exit_code == 4
    assert said(outcome)["error"]["cause"] == "restore.refused"
    assert role in said(outcome)["error"]["message"]
    left = postgres.run("SELECT datname FROM pg_database WHERE datname LIKE ?", f"{postgres.name}%")
    assert left == [(postgres.name,)]


def test_dump_of_a_newer_server_is_refused(postgres, opsctl):
    made = said(opsctl("db", "backup", "--json"))
    folder = postgres.backups / made["id"]
    newer = replace(manifest.read(folder), engine_version="99.1")
    (folder / "manifest.json").write_text(newer.to_json())

    outcome = opsctl("db", "restore", made["id"], "--yes", "--json")

    assert outcome.exit_code == 5
    assert said(outcome)["error"]["cause"] == "tool.version"


def test_every_restore_leaves_one_line_in_the_audit_log(stocked, opsctl, backed_up):
    opsctl("db", "restore", "latest", "--yes")
    opsctl("db", "restore", "latest")

    lines = [json.loads(line) for line in (stocked.project / ".opsctl" / "history.jsonl").read_text().splitlines()]

    assert [(one["command"], one["exit_code"]) for one in lines] == [
        ("db backup", 0),
        ("db restore", 0),
        ("db restore", 4),
    ]
    assert stocked.secret not in (stocked.project / ".opsctl" / "history.jsonl").read_text() or not stocked.secret
