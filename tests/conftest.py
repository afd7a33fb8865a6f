"""Fixtures and rules for every tier."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PROGRAM = """\
#!{python}
import json, os, sys
with open({calls!r}, "a") as calls:
    print(json.dumps(sys.argv[1:]), file=calls)
sys.stdout.write({stdout!r})
sys.stderr.write({stderr!r})
sys.exit({status})
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a server, so that the runner can tell the tiers apart and say why one did not run."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        if any("postgres" in name for name in fixtures) or any("postgres" in str(v) for v in parameters.values()):
            item.add_marker("postgres")
        if item.path.name.startswith("test_compose"):
            item.add_marker("docker")


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """The URL of a PostgreSQL server on which tests may create databases."""
    url = os.environ.get("TEST_POSTGRES_URL")
    if not url:
        if "postgres" in os.environ.get("REQUIRE", ""):
            pytest.fail("REQUIRE names postgres, and TEST_POSTGRES_URL is not set")
        pytest.skip("TEST_POSTGRES_URL is not set")
    return url


@pytest.fixture(autouse=True)
def _no_live_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads the settings of a system that runs here: its database is not ours to touch."""
    example = ROOT / ".env.example"
    if example.exists():
        for line in example.read_text(encoding="utf-8").splitlines():
            monkeypatch.delenv(line.partition("=")[0], raising=False)
    for key in [key for key in os.environ if key.startswith("OPSCTL_")]:
        monkeypatch.delenv(key)


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Callable[[], list[list[str]]]]:
    """Put a stand-in program on PATH; calling the result gives the argv lists it was called with."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def install(name: str, *, stdout: str = "", stderr: str = "", status: int = 0) -> Callable[[], list[list[str]]]:
        calls = tmp_path / f"{name}.calls"
        calls.touch()
        program = folder / name
        program.write_text(
            PROGRAM.format(python=sys.executable, calls=str(calls), stdout=stdout, stderr=stderr, status=status)
        )
        program.chmod(0o755)
        return lambda: [json.loads(line) for line in calls.read_text().splitlines()]

    return install
