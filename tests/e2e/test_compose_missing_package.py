"""The manual's lxml case: the line is missing, opsctl says so, the right container is rebuilt and tested."""

import pytest


@pytest.fixture
def lock(compose):
    """requirements.txt, put back afterwards."""
    file = compose.folder / "requirements.txt"
    text = file.read_text()
    yield file
    file.write_text(text)


def without(package: str, text: str) -> str:
    lines, kept, dropping = text.splitlines(keepends=True), [], False
    for line in lines:
        if not line.startswith(" "):
            dropping = line.startswith(f"{package}==")
        kept += [] if dropping else [line]
    return "".join(kept)


def test_missing_line_is_named_with_the_command_that_closes_the_gap(compose, lock):
    lock.write_text(without("lxml", lock.read_text()))

    checked = compose.opsctl("deps", "check", "--json")

    assert checked.code == 3, checked
    gap = next(gap for gap in checked.json["gaps"] if gap["package"] == "lxml")
    assert gap["where"] == "requirements.txt"
    assert gap["command"]


def test_rebuild_says_why_and_gates_on_health(compose, lock):
    lock.write_text(f"{lock.read_text()}\n# a comment is a change too\n")

    plan = compose.opsctl("rebuild", "--dry-run", "--json")
    rebuilt = compose.opsctl("rebuild", "--json", timeout_s=900)

    assert plan.code == 0, plan
    planned = {service["name"]: service for service in plan.json["services"]}
    assert planned["api"]["action"] == "rebuild"
    assert any("requirements" in reason for reason in planned["api"]["reasons"])
    assert rebuilt.code == 0, rebuilt
    done = {service["name"]: service for service in rebuilt.json["services"]}
    assert done["db"]["action"] == "none"
    assert compose.opsctl("status").code == 0
    assert compose.opsctl("deps", "check", "--json").code == 0


def test_tests_run_in_the_rebuilt_container(compose):
    compose.opsctl("rebuild", timeout_s=900)

    run = compose.opsctl("test", "api", "--json", "--", "tests/unit/app", timeout_s=900)

    assert run.code == 0, run
    assert run.json["passed"] > 0
