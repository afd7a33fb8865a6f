"""opsctl status"""

import fcntl
import json
import sqlite3
import time
from urllib.parse import urlsplit

import psycopg
import pytest


def test_document_holds_what_others_rely_on(system):
    system.up()

    done = system.opsctl("status", "--json")

    assert done.code == 0, done
    assert {"runtime", "environment", "services", "database", "last_backup"} <= done.json.keys()
    assert done.json["runtime"] == "local"
    assert done.json["environment"] == "development"
    api, bot, scheduler = done.json["services"]
    assert (api["name"], api["state"], api["health"]) == ("api", "running", "healthy")
    assert api["url"] == f"http://127.0.0.1:{system.environment['API_PORT']}"
    assert (bot["health"], bot["detail"]) == ("disabled", "no token")
    assert scheduler["health"] == "healthy"
    database = done.json["database"]
    assert (database["engine"], database["pending"]) == ("sqlite", 0)
    assert database["revision"] == database["head"]
    assert done.json["last_backup"] is None
    assert done.json["outbox_waiting"] == 0
    assert done.json["jobs"]["check_price_alerts_job"]["outcome"] == "ok"


def test_waiting_messages_are_counted(system):
    system.up()
    with sqlite3.connect(system.folder / "data" / "app.db") as connection:
        connection.execute(
            "INSERT INTO outbox (dedup_key, kind, payload, priority, status, attempts, ambiguous_attempts, created_at)"
            " VALUES ('alert:1:1', 'alert', '{}', 10, 'pending', 0, 0, '2026-11-23 00:00:00')"
        )

    assert system.status()["outbox_waiting"] == 1


def test_system_that_is_down_is_a_problem_with_a_command(system):
    system.up()
    system.opsctl("down")

    done = system.opsctl("status")

    assert done.code == 3, done
    assert done.stdout.startswith("development on local: 1 problem\n")
    assert "nothing is running\n    opsctl up" in done.stdout
    assert "sqlite" in done.stdout


def test_process_that_hangs_is_not_called_healthy(system):
    system.up()
    process = system.the_process()
    process.suspend()
    started = time.monotonic()

    done = system.opsctl("status", "--json")
    process.resume()

    assert done.code == 3, done
    assert {service["health"] for service in done.json["services"]} <= {"starting", "unhealthy"}
    assert time.monotonic() - started < 10


def test_sick_part_is_named_with_its_reason(system):
    system.up()
    system.order(parts={"bot": {"status": "failed", "detail": "Telegram answers 401"}})

    done = system.opsctl("status")

    assert done.code == 3, done
    assert "bot is unhealthy: Telegram answers 401\n    opsctl logs tail bot" in done.stdout


def test_database_that_is_down_makes_the_api_unhealthy(system):
    system.up()
    system.order(parts={"database": {"status": "failed", "detail": "no answer within 3 s"}})

    services = system.status()["services"]

    assert (services[0]["health"], services[0]["detail"]) == ("unhealthy", "database: no answer within 3 s")


def test_missing_database_file_is_said(system):
    system.up()
    system.opsctl("down")
    (system.folder / "data" / "app.db").unlink()

    done = system.opsctl("status")

    assert done.code == 3, done
    assert "there is no database" in done.stdout
    assert not (system.folder / "data" / "app.db").exists()


def test_damaged_database_is_said_and_left_alone(system):
    system.up()
    system.opsctl("down")
    file = system.folder / "data" / "app.db"
    file.write_bytes(b"this is no database" * 100)

    done = system.opsctl("status")

    assert done.code == 3, done
    assert "app.db is damaged: file is not a database" in done.stdout
    assert "opsctl db restore latest" in done.stdout
    assert file.read_bytes().startswith(b"this is no database")


def test_waiting_migration_is_a_problem(system):
    system.up()
    system.write_migration("next", down=system.status()["database"]["head"])

    done = system.opsctl("status", "--json")

    assert done.code == 3, done
    assert done.json["database"]["pending"] == 1
    assert done.json["database"]["head"] == "next"
    assert {"what": "the database lacks 1 migration", "command": "opsctl migrate upgrade"} in done.json["problems"]


def test_database_of_other_code_is_said(system):
    system.up()
    with sqlite3.connect(system.folder / "data" / "app.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'from_the_future'")

    done = system.opsctl("status")

    assert done.code == 3, done
    assert "revision from_the_future, which this code does not know" in done.stdout


def test_broken_migration_file_does_not_hide_the_rest(system):
    system.up()
    (system.folder / "migrations" / "versions" / "broken.py").write_text("revision = (")

    done = system.opsctl("status", "--json")

    assert done.code == 3, done
    assert done.json["services"][0]["health"] == "healthy"
    assert "broken.py cannot be read" in done.json["problems"][0]["what"]


def test_status_changes_nothing(system):
    system.up()
    system.opsctl("down")
    before = times_of_files(system)

    system.opsctl("status")

    assert times_of_files(system) == before


def test_status_needs_no_lock(system):
    system.up()
    with (system.folder / ".opsctl" / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = system.opsctl("status")

    assert done.code == 0, done


def test_engine_that_is_down_does_not_turn_compose_into_local(system):
    system.up()
    system.opsctl("down")
    (system.folder / ".opsctl" / "runtime").write_text("compose\n")

    done = system.opsctl("status", "--json")

    assert done.code == 3, done
    assert done.json["runtime"] == "compose"
    assert done.json["services"] == []
    assert "Docker" in done.json["problems"][0]["what"]


@pytest.mark.parametrize("columns", ["80", "120", "40"])
def test_screen_fits_its_terminal(system, columns):
    system.up()

    shown = system.opsctl("status", COLUMNS=columns).stdout

    assert "\x1b" not in shown
    if columns != "40":
        assert max(len(line.rstrip()) for line in shown.splitlines()) <= int(columns)


def test_wall_clock_that_was_set_back_does_not_lose_the_process(system):
    system.up()
    file = system.folder / ".opsctl" / "app.pid"
    record = json.loads(file.read_text())
    file.write_text(json.dumps(record | {"started_at": record["started_at"] + 86400}))

    assert system.status()["services"][0]["state"] == "running"


def times_of_files(system):
    """Without the index that SQLite keeps of its log: every reader makes it."""
    files = [file for file in system.folder.rglob("*") if file.is_file() and file.suffix != ".db-shm"]
    return {file: file.stat().st_mtime_ns for file in files}


def test_postgresql_behind_the_local_runtime_is_read_too(system, postgres_url):
    name = f"opsctl_status_{system.environment['API_PORT']}"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        system.environment["DATABASE_URL"] = urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
        try:
            system.up()
            database = system.status()["database"]
        finally:
            system.opsctl("down")
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
        gone = system.opsctl("status", COLUMNS="")  # pytest-xdist sets it, and lines are folded for people then

    assert (database["engine"], database["name"], database["pending"]) == ("postgresql", name, 0)
    assert database["size_bytes"] > 1_000_000
    assert gone.code == 3, gone
    assert f'database "{name}" does not exist' in gone.stdout


def test_a_pipe_gets_whole_lines_without_blanks_at_their_ends(system):
    system.up()
    label = "a note that stays with the backup and is longer than a terminal is wide, as notes are"
    assert system.opsctl("db", "backup", "--label", label).code == 0

    listed, status = (system.opsctl(*words, COLUMNS="").stdout for words in (("db", "backups"), ("status",)))

    assert listed.splitlines()[2].endswith(label)
    assert [line for line in (listed + status).splitlines() if line != line.rstrip()] == []


def test_empty_database_beside_backups_is_told_to_come_back_from_them(system):
    system.up()
    assert system.opsctl("db", "backup").code == 0
    system.opsctl("down")
    (system.folder / "data" / "app.db").unlink()
    (system.folder / "data" / "app.db").touch()

    done = system.opsctl("status", "--json")
    doctor = system.opsctl("doctor", "--json")

    hints = {one["command"] for one in (*done.json["problems"], *doctor.json["findings"])}
    assert "opsctl db restore latest" in hints
    assert "opsctl migrate upgrade" not in hints
