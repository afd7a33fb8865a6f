"""opsctl test"""
# ruff: noqa: PT028  # a command that is named test, not a test

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsctl import console, runtimes
from opsctl.errors import NotReady, OpsctlError
from opsctl.options import AsJson, Environment, Runtime
from opsctl.runtimes import APP_SERVICES, TestRun
from opsctl.settings import load_settings

if TYPE_CHECKING:
    from rich.console import RenderableType

FAILURES_FOUND = 3
# pytest's own exit statuses
ALL_PASSED, SOME_FAILED, INTERRUPTED, WRONG_USAGE, NOTHING_COLLECTED = 0, 1, 2, 4, 5

Words = Annotated[
    list[str] | None,
    typer.Argument(metavar="[SERVICE]... [-- PYTEST_ARGUMENTS]", help="api if none is named; after -- for pytest."),
]


@dataclass(frozen=True)
class Summary:
    """One service's run; for several, the sum, with each run under `services`."""

    service: str
    passed: int
    failed: int
    skipped: int
    junit: str
    failures: tuple[str, ...]
    services: tuple[TestRun, ...]


def test(words: Words = None, env: Environment = None, runtime: Runtime = None, as_json: AsJson = False) -> None:
    """Run a service's tests where it runs, against a throw-away database.

    The live database is never used. pytest's output goes to stderr, its JUnit file to test-results/.

    Exit codes: 0 all passed, 3 some failed, 1 pytest broke off, 2 wrong words, 4 it would have been the live
    database, 5 the service is not running or older than the tree, 6 tests are running already.

    Example: opsctl test api -- -k alerts -x
    """
    settings = load_settings(env=env, runtime=runtime)
    services, arguments = understood(settings.project, words or [])
    where = runtimes.chosen(settings)
    runs = [judged(where.run_tests(settings, service, arguments)) for service in services]
    found = summary(runs, settings.project)
    console.result(found, as_json=as_json, show=lambda: drawn(runs))
    if found.failed:
        raise typer.Exit(FAILURES_FOUND)


def understood(project: Path, words: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Services, and what is meant for pytest. Raises BadParameter for a word that is neither."""
    services = tuple(takewhile(APP_SERVICES.__contains__, words))
    arguments = tuple(words[len(services) :])
    if arguments and not arguments[0].startswith("-") and not (project / arguments[0].partition("::")[0]).exists():
        raise typer.BadParameter(
            f"{arguments[0]!r} is no service with tests and no path; services: {', '.join(APP_SERVICES)}"
        )
    return tuple(dict.fromkeys(services)) or ("api",), arguments


def judged(run: TestRun) -> TestRun:
    """The run, when it came to its end. Raises OpsctlError kinds for what pytest itself could not do."""
    if run.status in (ALL_PASSED, SOME_FAILED):
        return run
    if run.status == NOTHING_COLLECTED:
        raise NotReady(f"pytest found no test of {run.service}", cause="test.none", hint="opsctl test")
    if run.status == WRONG_USAGE:
        raise typer.BadParameter("pytest did not understand its words; its output says which")
    what = "was interrupted" if run.status == INTERRUPTED else f"broke off with status {run.status}"
    raise OpsctlError(f"pytest {what} ({run.service})", cause="test.broken", hint="look at its output")


def summary(runs: Sequence[TestRun], project: Path) -> Summary:
    return Summary(
        service=", ".join(run.service for run in runs),
        passed=sum(run.passed for run in runs),
        failed=sum(run.failed for run in runs),
        skipped=sum(run.skipped for run in runs),
        junit=", ".join(str(run.junit.relative_to(project)) for run in runs),
        failures=tuple(failure for run in runs for failure in run.failures),
        services=tuple(runs),
    )


def drawn(runs: Sequence[TestRun]) -> "RenderableType":
    rows = ((run.service, run.passed, run.failed, run.skipped, run.junit) for run in runs)
    return console.table("service", "passed", "failed", "skipped", "junit", rows=rows)
