"""`opsctl test` on a real engine: in the service's container, off the live database, and nothing left behind."""

import signal
import subprocess

import pytest

from tests.e2e.deployment import until

# What no one should find in a test suite, in one file.
PLANTED = """
import os
import time

import psycopg
import pytest

OWN = os.environ["DATABASE_URL"].replace("+psycopg", "")


def test_that_passes(): ...


def test_that_fails():
    raise AssertionError("as planned")


def test_that_reads_the_live_users():
    with psycopg.connect(OWN, dbname="stockalert") as connection:
        connection.execute("SELECT count(*) FROM app_users")


def test_that_makes_a_database_and_hangs():
    with psycopg.connect(OWN, autocommit=True) as connection:
        connection.execute("CREATE DATABASE left_by_a_test")
    time.sleep(600)
"""
FILE = "tests/unit/app/test_planted.py"


@pytest.fixture(scope="module")
def planted(compose):
    """The deployment with a bad test file in its tree, and in the image of its API."""
    assert compose.opsctl("up").code == 0
    (compose.folder / FILE).write_text(PLANTED, encoding="utf-8")
    refused = compose.opsctl("test", "api", "--json")
    rebuilt = compose.opsctl("rebuild", "api", timeout_s=900)
    assert rebuilt.code == 0, rebuilt
    compose.refused = refused
    yield compose
    (compose.folder / FILE).unlink()


def run_planted(deployment, name: str):
    return deployment.opsctl("test", "api", "--json", "--", f"{FILE}::{name}")


def databases(deployment) -> set[str]:
    words = ("docker", "compose", "exec", "-T", "db", "psql", "-U", "stockalert", "-Atc")
    # what a restore replaced stays for its undo, and is none of a test run's business
    return set(
        deployment.run(*words, r"SELECT datname FROM pg_database WHERE datname !~ '_before_\d+_'").stdout.split()
    )


def roles(deployment) -> set[str]:
    words = ("docker", "compose", "exec", "-T", "db", "psql", "-U", "stockalert", "-Atc")
    return set(deployment.run(*words, "SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_'").stdout.split())


def is_testing(deployment) -> bool:
    return "pytest" in deployment.run("docker", "compose", "top", "api").stdout


def start_the_one_that_hangs(deployment) -> "subprocess.Popen[bytes]":
    words = [*deployment.program, "test", "api", "--", f"{FILE}::test_that_makes_a_database_and_hangs"]
    child = subprocess.Popen(
        words,
        cwd=deployment.folder,
        env=deployment.surroundings({}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: "left_by_a_test" in databases(deployment), "the test's own database")
    return child


def test_image_older_than_the_tree_is_refused(planted):
    assert planted.refused.code == 5, planted.refused
    assert planted.refused.json["error"]["cause"] == "image.stale"
    assert planted.refused.json["error"]["hint"] == "opsctl rebuild api"


def test_passed_and_failed_tests_have_exit_codes_of_their_own(planted):
    passed = run_planted(planted, "test_that_passes")
    failed = run_planted(planted, "test_that_fails")

    assert (passed.code, passed.json["passed"], passed.json["failed"]) == (0, 1, 0), passed
    assert (failed.code, failed.json["passed"], failed.json["failed"]) == (3, 0, 1), failed
    assert "as planned" in failed.stderr
    assert "as planned" in (planted.folder / failed.json["junit"]).read_text(encoding="utf-8")


def test_the_live_database_cannot_be_read_by_a_test(planted):
    refused = run_planted(planted, "test_that_reads_the_live_users")

    assert refused.code == 3, refused
    assert "permission denied for table app_users" in refused.stderr


def test_ctrl_c_leaves_no_pytest_and_no_database(planted):
    child = start_the_one_that_hangs(planted)

    child.send_signal(signal.SIGINT)

    assert child.wait(30) == 130
    until(lambda: not is_testing(planted), "the end of pytest in the container", 20)
    assert databases(planted) == {"postgres", "stockalert", "template0", "template1"}
    assert roles(planted) == {"stockalert"}


def test_killed_run_ends_in_the_container_and_is_swept_by_the_next(planted):
    child = start_the_one_that_hangs(planted)

    child.kill()
    child.wait()

    until(lambda: not is_testing(planted), "the end of pytest in the container", 20)
    assert run_planted(planted, "test_that_passes").code == 0
    assert databases(planted) == {"postgres", "stockalert", "template0", "template1"}
    assert roles(planted) == {"stockalert"}


def test_unknown_service_and_unknown_words_are_wrong_words(planted):
    service = planted.opsctl("test", "web")
    words = planted.opsctl("test", "api", "--", "--no-such-option")

    assert service.code == 2, service
    assert "scheduler" in service.stderr
    assert words.code == 2, words
