"""opsctl test, on the local runtime"""

import signal
import subprocess
import time
import xml.etree.ElementTree as ElementTree

import pytest

from tests.e2e.deployment import until

PLANTED = """
import os
import time
from pathlib import Path

import pytest


def test_that_passes(): ...


def test_that_fails():
    raise AssertionError("as planned")


@pytest.mark.skip
def test_that_is_skipped(): ...


def test_that_tells_where_it_is():
    Path("seen.txt").write_text("\\n".join(f"{key}={value}" for key, value in os.environ.items()))


def test_that_hangs():
    Path("hanging").touch()
    time.sleep(600)
"""


@pytest.fixture
def planted(system):
    """A system that is up, with a token, and a file of tests in its folder."""
    folder = system.folder / "tests" / "unit" / "app"
    folder.mkdir(parents=True)
    (folder / "test_planted.py").write_text(PLANTED)
    (system.folder / "pytest.ini").write_text("[pytest]\n")
    system.up()
    system.set_key("TELEGRAM_BOT_TOKEN", "123456789:" + "A" * 35)
    return system


def test_results_are_counted_and_kept(planted):
    done = planted.opsctl("test", "api", "--json", "--", "-k", "not hangs")

    assert done.code == 3, done
    assert (done.json["passed"], done.json["failed"], done.json["skipped"]) == (2, 1, 1)
    assert "test_that_fails" in done.json["failures"][0]
    assert ElementTree.parse(planted.folder / done.json["junit"]).getroot() is not None


def test_live_database_and_token_are_out_of_reach(planted):
    done = planted.opsctl("test", "api", "--", "-k", "tells_where")

    assert done.code == 0, done
    seen = dict(line.partition("=")[::2] for line in (planted.folder / "seen.txt").read_text().splitlines())
    assert seen["DATABASE_URL"].startswith("sqlite:////")
    assert str(planted.folder) not in seen["DATABASE_URL"]
    assert seen["APP_ENV"] == "test"
    assert seen["TELEGRAM_BOT_TOKEN"] == "1:made-for-tests"
    assert seen["TELEGRAM_API_URL"] == "http://127.0.0.1:9"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_leaves_no_pytest_behind(planted, how):
    before = len(planted.processes())
    words = (*planted.program, "test", "api", "--", "-k", "hangs")
    run = subprocess.Popen(words, cwd=planted.folder, env=planted.surroundings({}), stderr=subprocess.PIPE)
    until(lambda: (planted.folder / "hanging").exists(), "the test that hangs")

    run.send_signal(how)

    _, said = run.communicate(timeout=30)
    assert run.returncode == 128 + how
    assert b"Traceback (most" not in said
    time.sleep(0.2)
    assert len(planted.processes()) == before


def test_killed_run_leaves_no_pytest_behind(planted):
    before = len(planted.processes())
    words = (*planted.program, "test", "api", "--", "-k", "hangs")
    run = subprocess.Popen(words, cwd=planted.folder, env=planted.surroundings({}), stderr=subprocess.DEVNULL)
    until(lambda: (planted.folder / "hanging").exists(), "the test that hangs")

    run.kill()
    run.wait(10)

    until(lambda: len(planted.processes()) == before, "the end of pytest")


def test_server_of_the_live_database_is_refused(planted):
    done = planted.opsctl(
        "test",
        "api",
        DATABASE_URL="postgresql+psycopg://ops@127.0.0.1:5999/stockalert",
        TEST_POSTGRES_URL="postgresql://postgres@127.0.0.1:5999/postgres",
    )

    assert done.code == 4, done
    assert "[test.live_database]" in done.stderr


def test_service_without_tests_is_said(planted):
    done = planted.opsctl("test", "scheduler")

    assert done.code == 5, done
    assert "there are no tests of scheduler here" in done.stderr
