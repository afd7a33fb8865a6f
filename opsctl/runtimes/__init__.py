"""Where the system runs: one module per runtime, each with the same functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from opsctl.databases import Place
from opsctl.errors import NotReady
from opsctl.settings import Settings

APP_SERVICES = ("api", "bot", "scheduler")
NAMES = ("local", "compose")
MEMORY = "runtime"  # in the state folder: the runtime this folder's data lives in

# What `opsctl test SERVICE` runs: paths in the project folder, which are the same in the image. The API's container
# runs all of them; the others run what is theirs.
TESTS_OF = {
    "api": ("tests/unit/app", "tests/integration/app"),
    "bot": ("tests/unit/app/bot", "tests/integration/app/bot"),
    "scheduler": (
        "tests/unit/app/scheduler",
        "tests/integration/app/scheduler",
        "tests/integration/app/test_firing.py",
    ),
}


@dataclass(frozen=True)
class Service:
    """One service as it is now. `health` says what the service's own check found, not that a process exists."""

    name: str
    state: str  # running, starting, stopped, missing
    health: str  # healthy, unhealthy, starting, disabled, unknown
    url: str | None = None
    detail: str = ""  # why it is not healthy, or what is left out
    started_at: datetime | None = None
    restarts: int = 0
    memory_bytes: int | None = None
    stale: str = ""  # what changed since it started (environment, code …); empty: nothing

    @property
    def is_up(self) -> bool:
        return self.state in ("running", "starting")

    @property
    def is_well(self) -> bool:
        """Healthy, or left out on purpose."""
        return self.health == "disabled" or (self.state == "running" and self.health == "healthy")


@dataclass(frozen=True)
class TestRun:
    """How a run of pytest ended."""

    service: str
    status: int  # pytest's own exit status
    passed: int
    failed: int
    skipped: int
    junit: Path
    failures: tuple[str, ...] = ()  # test ids


@dataclass(frozen=True)
class Change:
    """Why a service is not what the tree and the environment would give, and what `rebuild` does about it."""

    name: str
    reasons: tuple[str, ...]  # requirements, Dockerfile, code, tests, env (KEYS), compose service …
    action: str  # none, restart, recreate, rebuild


@dataclass(frozen=True)
class Changed:
    """What `rebuild` did to one service."""

    name: str
    reasons: tuple[str, ...]
    action: str
    outcome: str  # planned, kept, replaced, built
    seconds: float


class Runtime(Protocol):
    """What a module in this folder must offer. Every function raises OpsctlError kinds only."""

    NAME: str

    def is_available(self, settings: Settings) -> bool:
        """Whether this machine can run it now."""

    def services(self, settings: Settings) -> tuple[Service, ...]:
        """Every service, running or not, in the order of dependence."""

    def prepare(self, settings: Settings) -> None:
        """Folders, images, database server: all that `migrate` needs. Harmless when it is there."""

    def alembic(self, settings: Settings, words: Sequence[str], *, timeout_s: float = 600) -> str:
        """Run `python -m alembic WORDS` where the service's code and database are; return its stdout."""

    def start(self, settings: Settings) -> None:
        """Start what is not running, re-create what has another environment; does not wait."""

    def stop(self, settings: Settings, names: Sequence[str] = ()) -> None:
        """End services in order (all of them, and their containers, when none is named); the data stays."""

    def restart(self, settings: Settings, names: Sequence[str]) -> None:
        """Restart with today's environment; does not wait."""

    def stale(self, settings: Settings, names: Sequence[str] = ()) -> tuple[Change, ...]:
        """Every service (or those named) beside the tree; reads only."""

    def rebuild(self, settings: Settings, changes: Sequence[Change]) -> tuple[Changed, ...]:
        """Carry the changes out and wait for health; on failure what ran before runs again, and OpsctlError says so."""

    def database(self, settings: Settings) -> Place:
        """Where the live database is. Raises NotReady when its server is not there."""

    def packages(self, settings: Settings, service: str) -> Mapping[str, str]:
        """Installed packages and versions where the service runs (names normalised as PEP 503 says)."""

    def run_tests(self, settings: Settings, service: str, arguments: Sequence[str]) -> TestRun:
        """pytest where the service runs, on a database made for it and removed after."""


def chosen(settings: Settings) -> Runtime:
    """The runtime that was said (opsctl.toml, --runtime), else the one this folder's data lives in.

    A folder that was never brought up gets compose where an engine answers. It keeps what it has
    when the engine is down: production must not come up with an empty SQLite file instead.
    """
    name = settings.runtime.name
    if name == "auto":
        name = remembered(settings) or ("compose" if named("compose").is_available(settings) else "local")
    return named(name)


def named(name: str) -> Runtime:
    """Raises NotReady when there is no such runtime."""
    if name not in NAMES:
        raise NotReady(
            f"there is no runtime {name!r}", cause="runtime.unknown", hint=f"choose one of {', '.join(NAMES)}"
        )
    return cast(Runtime, import_module(f"opsctl.runtimes.{name}"))


def remembered(settings: Settings) -> str | None:
    """The runtime this folder was last brought up with."""
    try:
        name = (settings.state_dir / MEMORY).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return name if name in NAMES else None


def remember(settings: Settings, runtime: Runtime) -> None:
    (settings.state_dir / MEMORY).write_text(f"{runtime.NAME}\n", encoding="utf-8")
