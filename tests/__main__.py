"""python -m tests: every tier that this machine can run, and one closing table.

REQUIRE=postgres,docker makes a tier that cannot run a failure. Words after `--` go to pytest.
"""

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests import postgresql

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "test-results"
WORKERS = str(min(os.cpu_count() or 1, 8))
NOTHING_COLLECTED = 5


@dataclass(frozen=True)
class Tier:
    name: str
    selection: tuple[str, ...]
    workers: str = WORKERS
    share: str = "load"  # loadfile: the tests of a file share what is costly, in their order


@dataclass
class Outcome:
    tier: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    not_run: str = ""
    failures: list[str] = field(default_factory=list)


ONLY_HERE = "not postgres and not docker"
TIERS = (
    Tier("unit", ("tests/unit", "-m", ONLY_HERE)),
    Tier("integration", ("tests/integration", "-m", ONLY_HERE)),
    Tier("faults", ("tests/faults", "-m", ONLY_HERE), share="loadfile"),
    Tier("e2e", ("tests/e2e", "-m", ONLY_HERE), share="loadfile"),
    Tier("postgres", ("tests", "-m", "postgres and not docker")),
    Tier("docker", ("tests", "-m", "docker"), workers="0"),
)


def main(arguments: list[str]) -> int:
    own, words = _split(arguments)
    required = {name for name in os.environ.get("REQUIRE", "").split(",") if name}
    if unknown := (required | set(own)) - {tier.name for tier in TIERS}:
        print(f"no tier named {', '.join(sorted(unknown))}; there are {', '.join(tier.name for tier in TIERS)}")
        return 2
    with ExitStack() as stack:
        environment, missing = _surroundings(stack, own)
        outcomes = [
            Outcome(tier.name, not_run=missing[tier.name]) if tier.name in missing else _run(tier, words, environment)
            for tier in TIERS
            if not own or tier.name in own
        ]
    return _report(outcomes, required)


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    if "--" not in arguments:
        return arguments, []
    cut = arguments.index("--")
    return arguments[:cut], arguments[cut + 1 :]


def _surroundings(stack: ExitStack, wanted: list[str]) -> tuple[Mapping[str, str], dict[str, str]]:
    """The environment for the tests, and why a tier cannot run here."""
    # A test must not see the operator's settings: they name the live system.
    keys = {line.partition("=")[0] for line in (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()}
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in keys and not key.startswith(("OPSCTL_", "PYTEST_"))
    }
    environment |= {"NO_PROXY": "127.0.0.1,localhost", "PYTHONDEVMODE": ""}
    missing: dict[str, str] = {}
    if not wanted or "postgres" in wanted:
        try:
            found = stack.enter_context(_postgres())
            environment["TEST_POSTGRES_URL"] = found.url
        except postgresql.NoServer as none_found:
            missing["postgres"] = str(none_found)
    if reason := _why_no_docker():
        missing["docker"] = reason
    return environment, missing


@contextmanager
def _postgres() -> Iterator[postgresql.Server]:
    with postgresql.server() as found:
        print(f"PostgreSQL for tests: {found.origin}", flush=True)
        yield found


def _why_no_docker() -> str:
    for words, reason in (
        (["docker", "info"], "no Docker Engine answers"),
        (["docker", "compose", "version"], "docker compose v2 is not installed"),
    ):
        try:
            if subprocess.run(words, capture_output=True, timeout=20).returncode != 0:
                return reason
        except (FileNotFoundError, subprocess.TimeoutExpired):
            return reason
    return ""


def _run(tier: Tier, words: list[str], environment: Mapping[str, str]) -> Outcome:
    print(f"\n── {tier.name} " + "─" * 60, flush=True)
    RESULTS.mkdir(exist_ok=True)
    junit = RESULTS / f"{tier.name}.xml"
    junit.unlink(missing_ok=True)
    workers = ["-n", tier.workers, "--dist", tier.share] if tier.workers != "0" else ["-p", "no:xdist"]
    argv = [sys.executable, "-m", "pytest", "-q", *workers, *tier.selection, f"--junitxml={junit}", *words]
    started = time.monotonic()
    status = subprocess.run(argv, cwd=ROOT, env=dict(environment), stdin=subprocess.DEVNULL).returncode
    outcome = _counted(tier.name, junit)
    outcome.seconds = time.monotonic() - started
    if status not in (0, 1, NOTHING_COLLECTED) or (status != 0 and not outcome.failed and status != NOTHING_COLLECTED):
        outcome.failed += 1
        outcome.failures.append(f"pytest itself ended with status {status}")
    if status == NOTHING_COLLECTED:
        outcome.not_run = "no test was selected"
    return outcome


def _counted(name: str, junit: Path) -> Outcome:
    outcome = Outcome(name)
    if not junit.exists():
        return outcome
    for case in ElementTree.parse(junit).iter("testcase"):
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            outcome.failed += 1
            outcome.failures.append(f"{case.get('classname')}::{case.get('name')}")
        elif "skipped" in kinds:
            outcome.skipped += 1
        else:
            outcome.passed += 1
    return outcome


def _report(outcomes: list[Outcome], required: set[str]) -> int:
    table = Table("tier", "passed", "failed", "skipped", "seconds", "not run and why", title="make test")
    missing = 0
    for one in outcomes:
        lacking = one.not_run and one.tier in required
        missing += bool(lacking)
        why = f"{one.not_run} (required)" if lacking else one.not_run
        table.add_row(one.tier, str(one.passed), str(one.failed), str(one.skipped), f"{one.seconds:.0f}", why)
    console = Console(width=120 if not sys.stdout.isatty() else None)
    console.print(table)
    for one in outcomes:
        for failure in one.failures:
            console.print(f"[red]failed[/red] {one.tier}: {failure}", highlight=False, soft_wrap=True)
    passed, failed = sum(one.passed for one in outcomes), sum(one.failed for one in outcomes) + missing
    print(f"{passed} passed, {failed} failed, {sum(one.skipped for one in outcomes)} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
