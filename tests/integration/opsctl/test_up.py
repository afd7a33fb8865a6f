"""opsctl up"""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest

from tests.e2e.deployment import until

DEVELOPMENT = ("up", "--env", "development")


def test_first_up_writes_an_environment_of_its_own_and_remembers_it(system):
    done = system.opsctl(*DEVELOPMENT)

    assert done.code == 0, done
    file = system.folder / ".env.development"
    assert file.stat().st_mode & 0o777 == 0o600
    assert (system.folder / ".env").readlink().name == ".env.development"
    keys = dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)
    assert len(keys["JWT_SECRET_KEY"]) >= 32
    assert keys["APP_ENV"] == "development"


def test_up_ends_with_the_status_and_three_things_to_type(system):
    screen = system.opsctl(*DEVELOPMENT).stdout

    assert screen.startswith("development on local: all is well")
    for word in ("api", "bot", "scheduler", "sqlite", "(head)", f"http://127.0.0.1:{system.environment['API_PORT']}"):
        assert word in screen
    assert len(screen.split("next:\n")[1].strip().splitlines()) == 3


def test_without_a_token_all_else_works_and_the_screen_says_how_to_add_one(system):
    done = system.opsctl(*DEVELOPMENT)

    assert done.code == 0, done
    assert "bot is off: no token" in done.stdout
    assert "set TELEGRAM_BOT_TOKEN in .env.development" in done.stdout.split("next:\n")[1]


def test_second_up_leaves_the_process_alone(system):
    system.up()
    before = system.the_process()

    again = system.opsctl("up")

    assert again.code == 0, again
    assert system.the_process() == before
    assert "alembic" not in again.stderr


def test_changed_environment_recreates_the_process(system):
    system.up()
    before = system.the_process()
    system.set_key("LOG_LEVEL", "DEBUG")

    said = system.status()["services"][0]["stale"]
    plan = system.opsctl("up", "--dry-run", "--json").json
    system.up()

    assert said == "env (LOG_LEVEL)"
    assert plan["recreate"] == ["api", "bot", "scheduler"]
    assert system.the_process() != before
    assert system.the_process().environ()["LOG_LEVEL"] == "DEBUG"
    assert system.status()["services"][0]["stale"] == ""


def test_changed_code_recreates_the_process(system):
    system.up()
    before = system.the_process()
    (system.folder / "app" / "new.py").write_text("ANSWER = 42\n")

    assert system.status()["services"][0]["stale"] == "code"
    system.up()

    assert system.the_process() != before


def test_up_heals_after_a_kill(system):
    system.up()
    killed = system.the_process()
    killed.kill()
    killed.wait(10)

    status = system.opsctl("status")
    system.up()

    assert status.code == 3
    assert f"nothing is running: ended without being stopped (it was pid {killed.pid})" in status.stdout
    assert system.the_process().pid != killed.pid


def test_pid_that_somebody_else_has_got_since_is_not_ours(system):
    system.up()
    system.the_process().kill()
    until(lambda: not system.processes(), "the end")
    with sleeper() as stranger:
        record = json.loads((system.folder / ".opsctl" / "app.pid").read_text())
        (system.folder / ".opsctl" / "app.pid").write_text(json.dumps(record | {"pid": stranger.pid}))

        down = system.opsctl("down")
        system.up()

        assert down.code == 0, down
        assert stranger.poll() is None
        assert system.the_process().pid != stranger.pid


@pytest.mark.parametrize("content", [None, "", "garbage", "[]", '{"pid": "x"}'])
def test_lost_record_does_not_hide_the_process(system, content):
    system.up()
    file = system.folder / ".opsctl" / "app.pid"
    file.unlink() if content is None else file.write_text(content)

    assert system.status()["services"][0]["state"] == "running"
    system.up()

    assert len(system.processes()) == 1
    assert system.opsctl("down").code == 0
    assert system.processes() == []


def test_taken_port_names_the_process_that_has_it(system):
    with socket.create_server(("127.0.0.1", int(system.environment["API_PORT"]))):
        done = system.opsctl(*DEVELOPMENT)

    assert done.code == 5, done
    assert f"port {system.environment['API_PORT']} of 127.0.0.1 is taken by pid {os.getpid()}" in done.stderr
    assert "[port.taken]" in done.stderr
    assert "next: end that program, or set another API_PORT in .env.development" in done.stderr
    assert not (system.folder / "data" / "app.db").exists()


def test_service_that_dies_at_once_leaves_its_last_words(system):
    system.order(dies="not ready: JWT_SECRET_KEY is missing")

    done = system.opsctl(*DEVELOPMENT)

    assert done.code == 1, done
    assert "ended instead of serving" in done.stderr
    assert "| not ready: JWT_SECRET_KEY is missing" in done.stderr
    assert "[service.ended]" in done.stderr
    assert system.processes() == []


def test_sick_part_is_named_with_its_reason(system):
    system.order(parts={"scheduler": {"status": "failed", "detail": "no tick for 90 s"}})

    done = system.opsctl(*DEVELOPMENT, OPSCTL_RUNTIME_READY_TIMEOUT_S="1")

    assert done.code == 1, done
    assert "scheduler not healthy after" in done.stderr
    assert "no tick for 90 s" in done.stderr
    assert "next: opsctl logs tail scheduler" in done.stderr


def test_slow_start_is_waited_for(system):
    system.order(starts_after_s=1.5)

    done = system.opsctl(*DEVELOPMENT)

    assert done.code == 0, done
    assert "waiting for api, bot, scheduler" in done.stderr
    assert "api        healthy after" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "cause"),
    [
        (("up",), 5, "environment.unknown"),
        (("up", "--env", "devlopment"), 2, "usage"),
        (("up", "--env", "development", "--runtime", "swarm"), 2, "usage"),
    ],
)
def test_what_was_not_said_is_not_guessed(system, words, code, cause):
    done = system.opsctl(*words)

    assert done.code == code, done
    assert f"[{cause}]" in done.stderr
    assert not (system.folder / ".env").exists()


def test_second_environment_is_refused_while_the_first_is_up(system):
    system.up()
    before = system.the_process()

    refused = system.opsctl("up", "--env", "test")
    down = system.opsctl("down")
    other = system.opsctl("up", "--env", "test")

    assert refused.code == 4, refused
    assert "up as development on local" in refused.stderr
    assert system.ended(before)
    assert down.code == 0
    assert other.code == 0, other
    assert other.stdout.startswith("test on local")
    assert "warning: this folder ran as development until now; test gets the same data" in other.stderr


@pytest.mark.parametrize("words", ["up", "restart", "db backup"])
def test_lost_environment_file_is_not_replaced_unasked_and_costs_no_service(system, words):
    system.up()
    (system.folder / ".env.development").unlink()

    done = system.opsctl(*words.split())

    assert done.code == 5, done
    assert ".env.development is gone" in done.stderr
    assert not (system.folder / ".env.development").exists()
    assert system.the_process().is_running()


def test_file_in_the_place_of_the_link_is_told_how_to_become_the_environment_again(system):
    system.up()
    (system.folder / ".env").unlink()
    (system.folder / ".env").write_text((system.folder / ".env.development").read_text())

    refused = system.opsctl("status")

    assert refused.code == 4, refused
    assert refused.stderr.splitlines()[1] == f"next: mv -i {system.folder}/.env {system.folder}/.env.development"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"APP_ENV=development\nAPI_PORT=eighty\n", "API_PORT must be a number from 1 to 65535"),
        (b"APP_ENV=development\nDATABASE_URL=mysql://db/x\n", "DATABASE_URL must begin with"),
        (b"\xff\xfe\x00", ".env.development is not UTF-8"),
        (b"APP_ENV=development\nAPI_PORT 8000\n", "line 2 of .env.development is not KEY=VALUE"),
        (b"APP_ENV=production\n", ".env.development is of another environment"),
    ],
)
def test_broken_environment_file_is_one_line(system, content, said):
    del system.environment["API_PORT"]
    (system.folder / ".env.development").write_bytes(content)

    done = system.opsctl(*DEVELOPMENT)

    assert done.code == 5, done
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert system.processes() == []


def test_of_two_at_once_one_works_and_the_other_says_who(system):
    system.order(starts_after_s=2)
    words = (*system.program, *DEVELOPMENT)
    first = subprocess.Popen(words, cwd=system.folder, env=system.surroundings({}), stderr=subprocess.DEVNULL)
    until(lambda: (system.folder / ".opsctl" / "lock").exists() and system.processes()[1:], "the first one's work")

    second = system.opsctl(*DEVELOPMENT)

    assert second.code == 6, second
    assert f"opsctl up is at work (pid {first.pid}" in second.stderr
    assert first.wait(60) == 0
    assert len(system.processes()) == 1


def test_interrupted_up_can_be_typed_again(system):
    system.order(starts_after_s=2)
    words = (*system.program, *DEVELOPMENT)
    first = subprocess.Popen(words, cwd=system.folder, env=system.surroundings({}), stderr=subprocess.PIPE)
    until(lambda: (system.folder / ".opsctl" / "app.pid").exists(), "the start")
    first.send_signal(signal.SIGINT)
    _, said = first.communicate(timeout=30)

    system.up()

    assert first.returncode == 130
    assert b"Traceback" not in said

    assert len(system.processes()) == 1


def test_up_killed_before_it_could_note_the_process_is_healed_by_the_next(system):
    system.up()
    (system.folder / ".opsctl" / "app.pid").unlink()
    orphan = system.the_process()

    system.up()

    assert system.ended(orphan)
    assert len(system.processes()) == 1


def test_waiting_migration_runs_after_a_backup(system):
    system.up()
    head = system.status()["database"]["head"]
    system.write_migration("one_more", down=head)

    done = system.opsctl("up")

    assert done.code == 0, done
    status = system.status()
    assert status["database"]["revision"] == "one_more"
    assert status["last_backup"]["id"] in done.stderr
    (backup,) = system.opsctl("db", "backups", "--json").json["backups"]
    assert backup["revision"] == head


def test_first_up_makes_no_backup_of_nothing(system):
    system.up()

    assert system.status()["last_backup"] is None


def test_failed_migration_leaves_the_old_process_at_work(system):
    system.up()
    before = system.the_process()
    system.write_migration("broken", down=system.status()["database"]["head"])
    file = system.folder / "migrations" / "versions" / "29991231_broken.py"
    file.write_text(file.read_text().replace('"broken", sa', '"app_users", sa'))

    done = system.opsctl("up")

    assert done.code == 1, done
    assert "[migrate.failed]" in done.stderr
    assert system.the_process() == before


def test_empty_database_beside_backups_of_it_is_pointed_out(system):
    system.up()
    system.opsctl("db", "backup")
    system.opsctl("down")
    for file in (system.folder / "data").glob("app.db*"):
        file.unlink()

    done = system.opsctl("up")

    assert done.code == 0, done
    assert "warning: the database is empty, but there are backups: opsctl db restore latest" in done.stderr


def test_dry_run_tells_the_plan_and_changes_nothing(system):
    before = sorted(system.folder.rglob("*"))

    plan = system.opsctl(*DEVELOPMENT, "--dry-run", "--json")

    assert plan.code == 0, plan
    assert plan.json["write"] == ".env.development"
    assert plan.json["start"] == ["api", "bot", "scheduler"]
    assert sorted(system.folder.rglob("*")) == before


def test_folder_that_cannot_be_written_is_said(system):
    system.folder.chmod(0o555)
    try:
        done = held_back(system, *DEVELOPMENT)
    finally:
        system.folder.chmod(0o755)

    assert done.code == 1, done
    assert "Permission denied" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (system.folder / ".env.development").exists()


def test_log_folder_that_is_a_file_is_said(system):
    (system.folder / "logs").write_text("not a folder")

    done = system.opsctl(*DEVELOPMENT)

    assert done.code == 5, done
    assert "[folder.unwritable]" in done.stderr


def test_terminal_without_korean_gets_the_same_work(system):
    done = system.opsctl(*DEVELOPMENT, PYTHONIOENCODING="ascii", LC_ALL="C")

    assert done.code == 0, done
    assert done.stdout.isascii()


def test_closed_stdout_does_not_undo_the_work(system):
    words = ["sh", "-c", 'exec "$0" "$@" >&-', *system.program, *DEVELOPMENT]
    done = system.run(*words)

    assert "Traceback" not in done.stderr, done
    assert len(system.processes()) == 1


def test_no_secret_in_any_output_or_record(system):
    token, key = "123456789:" + "A" * 35, "k" * 40
    system.opsctl(*DEVELOPMENT, "--dry-run")
    printed = ""
    for words in (DEVELOPMENT, ("status",), ("status", "--json"), ("restart",), ("up", "--json"), ("down",)):
        done = system.opsctl(*words, TELEGRAM_BOT_TOKEN=token, JWT_SECRET_KEY=key)
        assert done.code == 0, done
        printed += done.stdout + done.stderr
    for file in (*(system.folder / ".opsctl").iterdir(), *(system.folder / "logs").iterdir()):
        printed += file.read_bytes().decode("latin-1")

    assert token not in printed
    assert key not in printed


@contextmanager
def sleeper():
    """A process that has nothing to do with us."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def held_back(system, *words):
    """Permissions do not hold root back: take that privilege away."""
    prefix = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.getuid() == 0 else []
    return system.run(*prefix, *system.program, *words)


def test_what_the_system_writes_is_for_its_owner_only_whatever_the_umask(system):
    words = " ".join(system.program)

    up = system.run("/bin/sh", "-c", f"umask 0; {words} up --env development && {words} db backup", timeout_s=120)

    assert up.code == 0, up
    folders = [system.folder / name for name in ("data", "logs", ".opsctl", "backups")]
    written = [system.folder / ".env.development", *folders, *(path for one in folders for path in one.rglob("*"))]
    assert [str(path) for path in written if path.stat().st_mode & 0o077] == []
