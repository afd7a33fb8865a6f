"""opsctl doctor"""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.deployment import NO_ENGINE, until
from tests.integration.opsctl.system import new_system

ROOT = Path(__file__).parents[3]


class Report:
    """What doctor said, by check."""

    def __init__(self, outcome):
        self.code = outcome.code
        self.document = outcome.json
        self.not_looked_at = {one["check"]: one["because"] for one in self.document["not_looked_at"]}

    def of(self, check):
        return [one for one in self.document["findings"] if one["check"] == check]

    def level(self, check):
        order = ("ok", "info", "warning", "error")
        return max((one["level"] for one in self.of(check)), key=order.index)

    @property
    def troubles(self):
        return {one["check"] for one in self.document["findings"] if one["level"] in ("warning", "error")}


@pytest.fixture(scope="module")
def shared_system(tmp_path_factory):
    """The real service, up and backed up."""
    with new_system(tmp_path_factory.mktemp("doctor") / "stockalert") as system:
        shutil.copy2(ROOT / "app" / "__main__.py", system.folder / "app" / "__main__.py")
        system.up()
        backed_up = system.opsctl("db", "backup")
        assert backed_up.code == 0, backed_up
        yield system


@pytest.fixture
def living(shared_system):
    """The shared system, brought up again and its file put back after each test."""
    env_file = shared_system.folder / ".env.development"
    kept = env_file.read_text()
    yield shared_system
    env_file.write_text(kept)
    env_file.chmod(0o600)
    shared_system.up()


def doctor(system, **environment):
    return Report(system.opsctl("doctor", "--json", timeout_s=60, **environment))


def test_a_system_that_is_well_has_nothing_but_the_missing_token(living):
    report = doctor(living)

    assert report.troubles == set(), report.document
    assert report.code == 0
    assert report.level("bot") == "info"
    assert report.level("scheduler") == "ok"
    assert report.level("prices") == "ok"
    assert report.not_looked_at == {}
    assert {"check", "level", "message", "command"} == report.document["findings"][0].keys()


def test_the_screen_is_one_line_for_each_thing(living):
    screen = living.opsctl("doctor").stdout

    for check in ("disk", "clock", "environment", "database", "migrations", "api", "outbox", "backups", "logs"):
        assert f"✓ {check}" in screen
    assert screen.rstrip().endswith("all is well")


def test_a_system_that_is_down_is_one_error_with_one_command(living):
    living.opsctl("down")

    report = doctor(living)

    assert report.code == 3
    (finding,) = report.of("processes")
    assert (finding["level"], finding["command"]) == ("error", "opsctl up")
    assert report.not_looked_at == dict.fromkeys(("api", "bot", "scheduler", "prices", "outbox"), "processes")
    assert report.level("database") == "ok"


def test_a_process_that_hangs_is_found_in_less_than_ten_seconds(living):
    process = living.the_process()
    process.send_signal(signal.SIGSTOP)
    try:
        started = time.monotonic()
        report = doctor(living)
        seconds = time.monotonic() - started
    finally:
        process.send_signal(signal.SIGCONT)

    assert report.level("api") == "error"
    assert "opsctl logs tail api" in report.of("api")[0]["command"]
    assert seconds < 10


def test_a_killed_process_is_told(living):
    living.the_process().kill()

    until(lambda: not living.processes(), "the process is gone")
    report = doctor(living)

    assert "nothing is running" in report.of("processes")[0]["message"]


def test_a_lost_database_is_to_be_restored_not_made_anew(living):
    living.opsctl("down")
    file = living.folder / "data" / "app.db"
    file.rename(file.with_suffix(".away"))
    try:
        report = doctor(living)
    finally:
        file.with_suffix(".away").rename(file)

    (finding,) = report.of("database")
    assert finding["command"] == "opsctl db restore latest"
    assert report.not_looked_at["processes"] == "database"


def test_a_damaged_database_is_an_error_without_a_traceback(living):
    living.opsctl("down")
    file = living.folder / "data" / "app.db"
    kept = file.read_bytes()
    file.write_bytes(b"this is not a database" * 100)
    try:
        outcome = living.opsctl("doctor", "--json")
    finally:
        file.write_bytes(kept)

    assert Report(outcome).level("database") == "error"
    assert "Traceback" not in outcome.stderr


def test_migrations_that_wait_are_named_before_what_they_break(living):
    revision = living.folder / "migrations" / "versions" / "zz_later.py"
    revision.write_text(f'"""Later."""\nrevision = "zz"\ndown_revision = "{newest_revision(living)}"\n')
    try:
        report = doctor(living)
    finally:
        revision.unlink()

    (finding,) = report.of("migrations")
    assert (finding["level"], finding["command"]) == ("error", "opsctl migrate upgrade")
    assert "zz" in finding["message"]


def newest_revision(system):
    return system.opsctl("migrate", "status", "--json").json["head"]


def test_an_environment_file_that_others_can_read_is_a_warning(living):
    (living.folder / ".env.development").chmod(0o644)

    report = doctor(living)

    assert report.troubles == {"environment"}
    assert report.code == 3


def test_a_secret_that_is_too_short_is_the_root_and_its_value_is_not_shown(living):
    living.set_key("JWT_SECRET_KEY", "s3cr3t-word")

    outcome = living.opsctl("doctor", "--json")

    report = Report(outcome)
    assert report.level("secrets") == "error"
    assert report.not_looked_at["api"] == "secrets"
    assert "s3cr3t-word" not in outcome.stdout + outcome.stderr


def test_a_folder_without_an_environment_file_is_told_how_to_get_one(living):
    file = living.folder / ".env.development"
    kept = file.read_text()
    file.unlink()
    try:
        report = doctor(living)
    finally:
        file.write_text(kept)

    assert report.of("environment")[0]["command"] == "opsctl up --env development"
    assert report.not_looked_at["database"] == "environment"
    assert report.level("disk") != "error"


def test_messages_that_wait_too_long_are_told(living):
    put_message(living, "pending")

    report = doctor(living)

    assert "1 wait" in report.of("outbox")[0]["message"]
    assert report.level("outbox") == "info"  # the bot is off: nobody could have sent it


def test_messages_that_were_refused_for_good_are_a_warning(living):
    put_message(living, "dead")

    assert doctor(living).level("outbox") == "warning"


def put_message(system, status):
    """One old message of its own kind in the outbox."""
    with closing(sqlite3.connect(system.folder / "data" / "app.db")) as connection:
        connection.execute("DELETE FROM outbox")
        connection.execute(
            "INSERT INTO outbox (dedup_key, kind, payload, priority, status, attempts, ambiguous_attempts, created_at)"
            " VALUES (?, 'test', '{}', 10, ?, 0, 0, '2026-01-01 00:00:00')",
            (f"test-{status}", status),
        )
        connection.commit()


def test_a_scheduler_that_stopped_working_is_told(living):
    living.opsctl("down")
    with closing(sqlite3.connect(living.folder / "data" / "app.db")) as connection:
        connection.execute("UPDATE heartbeats SET beat_at = '2026-01-01 00:00:00' WHERE part = 'scheduler'")
        connection.commit()
        living.up(TICK_SECONDS="3600", OPSCTL_DOCTOR_JOB_MAX_AGE_S="300")
        connection.execute("UPDATE heartbeats SET beat_at = '2026-01-01 00:00:00' WHERE part = 'scheduler'")
        connection.commit()

    report = doctor(living)

    assert report.level("scheduler") == "error"
    assert report.not_looked_at["prices"] == "scheduler"


def test_a_log_that_does_not_rotate_is_told(living):
    log = living.folder / "logs" / "bot.log"
    with log.open("a") as file:
        file.truncate(50_000_000)

    report = doctor(living)

    log.write_text("")
    assert report.level("logs") == "error"
    assert "bot.log" in report.of("logs")[0]["message"]


def test_no_backup_and_a_damaged_one_are_told(living):
    backups = living.folder / "backups"
    (backup,) = backups.glob("2*")
    manifest = (backup / "manifest.json").read_text()
    (backup / "manifest.json").write_text(manifest.replace("a", "b", 1))
    try:
        report = doctor(living)
    finally:
        (backup / "manifest.json").write_text(manifest)

    messages = " ".join(finding["message"] for finding in report.of("backups"))
    assert "no backup" in messages
    assert f"damaged: {backup.name}" in messages


def test_an_engine_that_does_not_answer_is_the_root_and_costs_little_time(living):
    started = time.monotonic()

    report = doctor(living, OPSCTL_RUNTIME_NAME="compose", POSTGRES_PASSWORD="a-long-enough-password", **NO_ENGINE)

    assert time.monotonic() - started < 10
    assert report.level("engine") == "error"
    assert report.not_looked_at["database"] == "engine"
    assert report.level("backups") == "ok"


def test_outside_of_a_project_it_says_so(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "opsctl", "doctor", "--json"],
        cwd=tmp_path,
        env={key: value for key, value in os.environ.items() if key != "OPSCTL_PROJECT"},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 5
    assert json.loads(done.stdout)["error"]["cause"] == "project.missing"
