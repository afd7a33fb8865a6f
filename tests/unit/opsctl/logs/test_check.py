"""Proof of rotation: what real files and real writers give away."""

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from opsctl.logs import check, files, writers
from opsctl.logs.check import Look, Rule
from opsctl.logs.containers import read
from opsctl.runtimes import Service

RULE = Rule(max_bytes=10_000, backups=3, silent_after_s=900)
NOW = datetime.now(UTC)
WRITER = "import sys, time; file = open(sys.argv[1], 'a'); file.write('x'); file.flush(); time.sleep(60)"


@pytest.fixture
def findings(tmp_path):
    """Check the folder; gives (file name, level) and the messages."""

    def look(services, containers):
        return Look(
            tmp_path, files.find(tmp_path), writers.look(tmp_path), tuple(services), tuple(containers), RULE, NOW
        )

    def find(*services, containers=()):
        return check.findings(partial(look, services, containers))[1]

    return find


@pytest.fixture
def writer(tmp_path):
    """A process that holds a log open for writing."""
    running = []

    def start(name):
        before = len(open_writers())
        running.append(subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / name)]))
        until(lambda: len(open_writers()) == before + 1)
        return running[-1]

    def open_writers():
        return writers.look(tmp_path).found

    yield start
    for process in running:
        process.kill()
        process.wait()


def until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def fill(folder, **sizes):
    for name, size in sizes.items():
        base, _, number = name.partition("_")
        (folder / (f"{base}.log.{number}" if number else f"{base}.log")).write_bytes(b"x" * size)


def test_files_that_rotate_as_they_should_give_no_finding(tmp_path, findings):
    fill(tmp_path, app=300, app_1=9_990, app_2=9_900, bot=0)

    assert findings() == []


def test_a_file_far_over_its_limit_is_an_error(tmp_path, findings):
    fill(tmp_path, app=50_000)

    (found,) = findings()

    assert (found.level, found.command) == ("error", "opsctl restart api")
    assert "48.8 KiB" in found.message


def test_rotated_files_that_are_too_small_are_named(tmp_path, findings):
    fill(tmp_path, app=1, app_1=9_990, app_2=1_000)

    (found,) = findings()

    assert found.file.endswith("app.log.2")
    assert "two processes" in found.message


def test_a_gap_in_the_numbers_is_named(tmp_path, findings):
    fill(tmp_path, app=1, app_1=9_990, app_3=9_990)

    (found,) = findings()

    assert "app.log.2" in found.message


def test_more_rotated_files_than_are_kept_are_named(tmp_path, findings):
    fill(tmp_path, app=1, app_1=9_990, app_2=9_990, app_3=9_990, app_4=9_990)

    (found,) = findings()

    assert "app.log.4" in found.message


def test_two_processes_on_one_file_are_an_error_that_names_them(tmp_path, findings, writer):
    first, second = writer("bot.log"), writer("bot.log")

    (found,) = findings()

    assert found.level == "error"
    assert str(first.pid) in found.message
    assert str(second.pid) in found.message


def test_a_reader_is_not_a_writer(tmp_path, findings, writer):
    writer("bot.log")

    with (tmp_path / "bot.log").open():
        assert findings() == []


def test_a_deleted_file_that_is_still_written_is_an_error(tmp_path, findings, writer):
    writer("bot.log")
    (tmp_path / "bot.log").unlink()

    (found,) = findings()

    assert found.level == "error"
    assert found.command == "opsctl restart bot"


def service(name="api", health="unhealthy"):
    return Service(name, "running", health, started_at=NOW - timedelta(hours=2))


def age(file, seconds):
    import os

    os.utime(file, (NOW.timestamp() - seconds,) * 2)


@pytest.mark.parametrize(("health", "level"), [("unhealthy", "warning"), ("healthy", "info")])
def test_a_file_that_stands_still_while_its_service_is_up_is_told(tmp_path, findings, writer, health, level):
    writer("app.log")
    age(tmp_path / "app.log", 3600)

    (found,) = findings(service(health=health))

    assert found.level == level
    assert "1 h" in found.message


def test_a_service_that_has_just_started_may_be_silent(tmp_path, findings, writer):
    writer("app.log")
    age(tmp_path / "app.log", 3600)

    assert findings(Service("api", "running", "healthy", started_at=NOW)) == []


def test_a_service_that_writes_elsewhere_is_an_error(tmp_path, findings):
    fill(tmp_path, app=10)

    (found,) = findings(service())

    assert (found.level, found.command) == ("error", "opsctl restart api")


@pytest.mark.parametrize(("state", "health"), [("stopped", "unknown"), ("running", "disabled")])
def test_a_service_that_is_off_needs_no_log(findings, state, health):
    assert findings(Service("bot", state, health)) == []


def container(config, driver="json-file"):
    return read(
        {
            "Name": "/stockalert-api-1",
            "HostConfig": {"LogConfig": {"Type": driver, "Config": config}},
            "Config": {"Labels": {"com.docker.compose.service": "api"}},
            "LogPath": "/nowhere",
        }
    )


@pytest.mark.parametrize(
    ("log", "count"),
    [(container({}), 1), (container(None), 1), (container({"max-size": "10m"}), 0), (container({}, "local"), 0)],
)
def test_container_output_without_a_limit_is_a_warning(findings, log, count):
    assert len(findings(containers=[log])) == count
