"""The order of cause: a chain ends at its first error."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from opsctl import checks
from opsctl.checks.context import Context
from opsctl.checks.finding import error, ok, warning
from opsctl.errors import NotReady


@pytest.fixture
def run(monkeypatch):
    """Run the checks, each of which finds nothing unless it is said otherwise; gives results by name."""

    def run_with(**looks):
        def module(name):
            look = looks.get(name.rpartition(".")[2], lambda _context: [ok("fine")])
            return SimpleNamespace(look=look)

        monkeypatch.setattr(checks, "import_module", module)
        return {result.check: result for result in checks.run(Context(Path.cwd()))}

    return run_with


def test_every_check_stands_behind_those_it_depends_on():
    names = list(checks.CHECKS)

    for name, needs in checks.CHECKS.items():
        assert all(names.index(need) < names.index(name) for need in needs)


def test_what_depends_on_an_error_is_not_looked_at_and_names_its_root(run):
    results = run(database=lambda _context: [error("gone", "opsctl up")])

    skipped = {name: result.because for name, result in results.items() if result.because}
    assert skipped == dict.fromkeys(
        ("migrations", "processes", "api", "bot", "scheduler", "prices", "outbox"), "database"
    )
    assert results["backups"].findings == (ok("fine"),)


def test_a_warning_ends_no_chain(run):
    results = run(disk=lambda _context: [warning("little room", "")])

    assert not any(result.because for result in results.values())


def test_two_roots_are_both_told(run):
    results = run(environment=lambda _context: [error("missing", "")], disk=lambda _context: [error("full", "")])

    assert results["disk"].has_error
    assert results["environment"].has_error
    assert results["engine"].because == "environment"


def test_a_failure_that_a_check_lets_through_is_its_finding(run):
    def look(_context):
        raise NotReady("nobody answers\nat all", cause="x.y", hint="docker info")

    (finding,) = run(engine=look)["engine"].findings

    assert finding == error("nobody answers", "docker info")
