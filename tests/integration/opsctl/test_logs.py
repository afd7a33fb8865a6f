"""opsctl logs list, check, tail"""

import json
import os
import pty
import signal
import subprocess
import sys
import time

import pytest


def stamped(second: int, text: str, level: str = "INFO") -> str:
    return f"2026-11-23 10:03:{second:02},000 - app - {level} - {text}\n"


@pytest.fixture
def logs(project):
    """A folder with two logs, one of which has rotated."""
    folder = project / "logs"
    (folder / "app.log").write_text(stamped(3, "three") + stamped(5, "다섯", "ERROR"))
    (folder / "app.log.1").write_text(stamped(1, "one"))
    (folder / "bot.log").write_text(stamped(2, "two") + stamped(4, "four", "WARNING"))
    return folder


def test_list_names_every_log_with_what_rotated(opsctl, logs):
    outcome = opsctl("logs", "list", "--json")

    assert outcome.exit_code == 0, outcome.output
    api, bot = json.loads(outcome.stdout)["logs"]
    assert (api["service"], api["bytes"]) == ("api", (logs / "app.log").stat().st_size)
    assert [rotation["path"] for rotation in api["rotations"]] == [str(logs / "app.log.1")]
    assert bot["rotations"] == []


def test_list_is_readable_for_people(opsctl, logs):
    outcome = opsctl("logs", "list")

    assert "app.log" in outcome.stdout
    assert "ago" in outcome.stdout


def test_no_log_folder_is_said_in_one_line(opsctl, project):
    (project / "logs").rmdir()

    for word in ("list", "check", "tail"):
        outcome = opsctl("logs", word, "--json")
        assert outcome.exit_code == 5
        assert json.loads(outcome.stdout)["error"]["cause"] == "logs.missing"


def test_an_empty_folder_has_nothing_wrong_with_it(opsctl, project):
    outcome = opsctl("logs", "check", "--json")

    assert outcome.exit_code == 0
    assert json.loads(outcome.stdout)["findings"] == []


def test_check_takes_the_limit_from_the_environment_file(opsctl, project, logs):
    with (project / ".env.development").open("a") as file:
        file.write("LOG_MAX_BYTES=2000\n")
    (logs / "bot.log").write_bytes(b"x" * 4000)
    (logs / "app.log.1").unlink()

    outcome = opsctl("logs", "check", "--json")

    assert outcome.exit_code == 3
    (finding,) = json.loads(outcome.stdout)["findings"]
    assert finding.keys() == {"file", "level", "message", "command"}
    assert finding["file"] == str(logs / "bot.log")
    assert finding["level"] == "error"


def test_check_says_what_is_wrong_and_what_to_type(opsctl, logs):
    outcome = opsctl("logs", "check")

    assert outcome.exit_code == 3
    assert "app.log.1" in outcome.stdout
    assert "→" in outcome.stdout


def test_pipes_and_loops_of_links_do_not_stop_a_check(opsctl, project):
    os.mkfifo(project / "logs" / "app.log")
    (project / "logs" / "bot.log").symlink_to("bot.log")
    (project / "logs" / "scheduler.log.1").symlink_to("..")

    outcome = opsctl("logs", "check", "--json")

    assert outcome.exit_code == 0, outcome.output
    assert json.loads(outcome.stdout)["checked"] == []


def test_tail_shows_all_services_in_the_order_of_time(opsctl, logs):
    outcome = opsctl("logs", "tail", "-n", "4", "--json")

    lines = json.loads(outcome.stdout)["lines"]
    assert [line["text"] for line in lines] == ["two", "three", "four", "다섯"]
    assert lines[0]["moment"] == "2026-11-23T01:03:02Z"


def test_tail_takes_services_levels_and_text(opsctl, logs):
    assert "four" in opsctl("logs", "tail", "bot", "--level", "warning").stdout
    assert "two" not in opsctl("logs", "tail", "bot", "--level", "warning").stdout
    assert opsctl("logs", "tail", "--grep", "THREE").stdout.count("\n") == 1


@pytest.mark.parametrize("words", [["nobody"], ["-f", "--json"], ["-n", "-1"], ["--level", "loud"]])
def test_tail_refuses_wrong_words(opsctl, logs, words):
    assert opsctl("logs", "tail", *words).exit_code == 2


def test_what_a_user_wrote_cannot_move_the_cursor(opsctl, project):
    evil = stamped(1, "\x1b[2J\rname \x00 [bold]" + "한글").encode() + b"\xb0\xa1 euc-kr\n"
    (project / "logs" / "app.log").write_bytes(evil)

    outcome = opsctl("logs", "tail")

    assert outcome.exit_code == 0
    assert "\x1b" not in outcome.stdout
    assert "\r" not in outcome.stdout
    assert "\\x1b[2J\\rname \\x00 [bold]한글" in outcome.stdout
    assert outcome.stdout.count("\n") == 2


def test_a_secret_in_a_log_is_hidden(opsctl, project):
    from dotenv import dotenv_values

    secret = dotenv_values(project / ".env.development")["JWT_SECRET_KEY"]
    (project / "logs" / "app.log").write_text(stamped(1, f"key {secret}"))

    outcome = opsctl("logs", "tail")

    assert secret not in outcome.output


def test_follow_on_a_terminal_shows_new_lines_until_it_is_interrupted(logs):
    parent, child = pty.openpty()
    command = [sys.executable, "-m", "opsctl", "logs", "tail", "-f", "-n", "1"]
    with subprocess.Popen(command, stdout=child, stderr=child, stdin=child) as running:
        os.close(child)
        seen = read_until(parent, "다섯")
        with (logs / "bot.log").open("a") as file:
            file.write(stamped(6, "fresh words", "ERROR"))
        seen += read_until(parent, "fresh words")
        running.send_signal(signal.SIGINT)
        code = running.wait(timeout=10)

    assert "\x1b[" in seen  # coloured for people
    assert "Traceback" not in seen
    assert code == 130
    os.close(parent)


def read_until(descriptor: int, wanted: str) -> str:
    deadline, seen = time.monotonic() + 15, b""
    while wanted not in seen.decode(errors="replace"):
        assert time.monotonic() < deadline, seen
        seen += os.read(descriptor, 4096)
    return seen.decode(errors="replace")
