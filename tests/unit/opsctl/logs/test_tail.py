"""The last lines of several logs, and following them across rotation."""

import logging
import os
import subprocess
import sys
import time
from logging.handlers import RotatingFileHandler

import pytest

from opsctl.logs.tail import Filter, Followed, last_lines

EVERYTHING = Filter()


def write(path, *lines: str, at: str = "w") -> None:
    with path.open(at, encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


def stamped(second: int, text: str, level: str = "INFO") -> str:
    return f"2026-11-23 10:03:{second:02},000 - app - {level} - {text}"


def texts(lines) -> list[str]:
    return [line.text for line in lines]


@pytest.fixture
def followed():
    """Follow logs; closed at the end of the test."""
    opened = []

    def follow(*paths, wanted=EVERYTHING, count=0):
        one = Followed(paths, wanted)
        opened.append(one)
        return one, one.history(count)

    yield follow
    for one in opened:
        one.close()


def test_lines_of_several_services_come_in_the_order_of_time(tmp_path):
    write(tmp_path / "app.log", stamped(1, "a1"), stamped(4, "a4"))
    write(tmp_path / "bot.log", stamped(2, "b2"), stamped(3, "b3"))

    lines = last_lines([tmp_path / "app.log", tmp_path / "bot.log"], 3, EVERYTHING)

    assert texts(lines) == ["b2", "b3", "a4"]
    assert [line.service for line in lines] == ["bot", "bot", "api"]


def test_the_last_lines_reach_back_into_rotated_files(tmp_path):
    write(tmp_path / "app.log", stamped(5, "five"))
    write(tmp_path / "app.log.1", stamped(3, "three"), stamped(4, "four"))
    write(tmp_path / "app.log.2", stamped(1, "one"), stamped(2, "two"))

    assert texts(last_lines([tmp_path / "app.log"], 4, EVERYTHING)) == ["two", "three", "four", "five"]


def test_level_and_text_choose_lines(tmp_path):
    write(
        tmp_path / "app.log",
        stamped(1, "Telegram says no", "ERROR"),
        stamped(2, "telegram says yes"),
        stamped(3, "disk full", "CRITICAL"),
    )

    errors = last_lines([tmp_path / "app.log"], 9, Filter("ERROR"))
    about_telegram = last_lines([tmp_path / "app.log"], 9, Filter(text="TELEGRAM"))

    assert texts(errors) == ["Telegram says no", "disk full"]
    assert texts(about_telegram) == ["Telegram says no", "telegram says yes"]


def test_pipes_links_and_folders_are_passed_over(tmp_path):
    os.mkfifo(tmp_path / "app.log")
    (tmp_path / "bot.log").symlink_to(tmp_path / "bot.log")
    (tmp_path / "scheduler.log").mkdir()

    assert last_lines([tmp_path / name for name in ("app.log", "bot.log", "scheduler.log")], 5, EVERYTHING) == []


def test_following_begins_where_the_history_ended(tmp_path, followed):
    write(tmp_path / "app.log", stamped(1, "old"))
    (tmp_path / "app.log").open("a").write(stamped(2, "half a li"))

    follower, history = followed(tmp_path / "app.log", count=5)
    write(tmp_path / "app.log", "ne", stamped(3, "new"), at="a")

    assert texts(history) == ["old"]
    assert texts(follower.poll()) == ["half a line", "new"]
    assert follower.poll() == []


def test_a_log_that_appears_later_is_followed(tmp_path, followed):
    follower, history = followed(tmp_path / "app.log")
    write(tmp_path / "app.log", stamped(1, "first words"))

    assert history == []
    assert texts(follower.poll()) == ["first words"]


def test_a_file_that_was_cut_off_is_read_from_its_beginning(tmp_path, followed):
    write(tmp_path / "app.log", *(stamped(1, "old") for _ in range(9)))
    follower, _history = followed(tmp_path / "app.log")

    write(tmp_path / "app.log", stamped(2, "after"))

    told, after = follower.poll()
    assert "truncated" in told.text
    assert after.text == "after"


def test_a_file_that_was_rotated_away_says_that_lines_may_be_missing(tmp_path, followed):
    write(tmp_path / "app.log", stamped(1, "old"))
    follower, _history = followed(tmp_path / "app.log")

    (tmp_path / "app.log").unlink()
    write(tmp_path / "app.log", stamped(2, "new"))

    told, new = follower.poll()
    assert "missing" in told.text
    assert new.text == "new"


@pytest.mark.parametrize("polls_between", [1, 7, 40])
def test_no_line_is_lost_or_doubled_over_many_rotations(tmp_path, followed, polls_between):
    """Rotations between two polls, as many as there are rotated files."""
    handler = RotatingFileHandler(tmp_path / "app.log", maxBytes=2000, backupCount=50)
    handler.setFormatter(logging.Formatter("%(asctime)s - %(name)s - %(levelname)s - %(message)s"))
    follower, _history = followed(tmp_path / "app.log")
    seen = []

    for number in range(2000):
        handler.emit(logging.LogRecord("app", logging.INFO, "", 0, f"line {number}", (), None))
        if number % polls_between == 0:
            seen += texts(follower.poll())
    handler.close()
    seen += texts(follower.poll())

    assert seen == [f"line {number}" for number in range(2000)]


WRITER = """\
import logging, sys
from logging.handlers import RotatingFileHandler
handler = RotatingFileHandler(sys.argv[1], maxBytes=50_000, backupCount=200)
handler.setFormatter(logging.Formatter("%(asctime)s - %(name)s - %(levelname)s - %(message)s"))
log = logging.getLogger("app")
log.addHandler(handler)
log.setLevel("INFO")
for number in range(int(sys.argv[2])):
    log.info("line %d of one process", number)
"""


def test_following_a_process_that_rotates_as_fast_as_it_can(tmp_path, followed):
    path, count = tmp_path / "bot.log", 60_000
    follower, _history = followed(path)
    seen = []

    with subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(count)]) as writer:
        while writer.poll() is None:
            seen += texts(follower.poll())
            time.sleep(0.01)
    while fresh := follower.poll():
        seen += texts(fresh)

    assert len(list(tmp_path.iterdir())) > 20  # it did rotate
    assert seen == [f"line {number} of one process" for number in range(count)]


def test_reading_the_last_lines_while_they_rotate_gives_an_unbroken_run(tmp_path):
    path = tmp_path / "bot.log"

    with subprocess.Popen([sys.executable, "-c", WRITER, str(path), "60000"]) as writer:
        runs = []
        while writer.poll() is None:
            runs.append([int(line.text.split()[1]) for line in last_lines([path], 3000, EVERYTHING)])

    assert len(runs) > 10
    for numbers in runs:
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True


def test_a_log_of_one_endless_line_costs_little_memory(tmp_path):
    path = tmp_path / "app.log"
    with path.open("wb") as file:
        file.truncate(1_500_000_000)  # sparse: zeros, no newline
    program = (
        "import sys; from pathlib import Path\n"
        "from opsctl.logs.tail import Filter, last_lines\n"
        "line, = last_lines([Path(sys.argv[1])], 5, Filter())\n"
        # not getrusage: its peak is inherited from the process that started this one
        "status = Path('/proc/self/status').read_text()\n"
        "print(line.text[-30:], status.partition('VmHWM:')[2].split()[0])"
    )

    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)

    assert "bytes more" in done.stdout
    assert int(done.stdout.split()[-1]) < 100_000  # KiB
