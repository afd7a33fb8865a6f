"""pytest in this environment, against databases made for the run."""

import os
import secrets
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from opsctl import process
from opsctl.databases import Place
from opsctl.errors import NotReady, Refused
from opsctl.runtimes import TESTS_OF, TestRun, junit
from opsctl.runtimes.local.place import place_of
from opsctl.settings import Settings

RESULTS = "test-results"
NOWHERE = "http://127.0.0.1:9"  # the discard port: a test that forgets its stand-in reaches nobody


def run(settings: Settings, service: str, arguments: Sequence[str], *, live: Place) -> TestRun:
    """Raises Refused when the tests would run on the live database, NotReady when there are no tests."""
    _refuse_live_server(settings, live)
    results = settings.project / RESULTS / f"{service}.xml"
    results.parent.mkdir(parents=True, exist_ok=True)
    results.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="opsctl-test-") as folder:
        status = process.passthrough(
            [sys.executable, "-m", "pytest", f"--junitxml={results}", *_paths(settings, service, arguments)],
            secrets=_environment(Path(folder)),
            cwd=settings.project,
        )
    return junit.read(results, service=service, status=status)


def _paths(settings: Settings, service: str, arguments: Sequence[str]) -> list[str]:
    """The service's tests, unless the operator names paths of their own."""
    if any((settings.project / word.partition("::")[0]).exists() for word in arguments if not word.startswith("-")):
        return list(arguments)
    found = [path for path in TESTS_OF[service] if (settings.project / path).exists()]
    if not found:
        raise NotReady(
            f"there are no tests of {service} here",
            cause="test.missing",
            hint=f"looked for {', '.join(TESTS_OF[service])}",
        )
    return [*found, *arguments]


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of the live environment; every key is set, because the app would read an empty one from `.env`."""
    return {
        "APP_ENV": "test",
        "DATABASE_URL": f"sqlite:///{folder / 'app.db'}",
        "PGPASSWORD": "",
        "POSTGRES_PASSWORD": secrets.token_urlsafe(24),
        "JWT_SECRET_KEY": secrets.token_urlsafe(36),
        "TELEGRAM_BOT_TOKEN": "1:made-for-tests",
        "TELEGRAM_API_URL": NOWHERE,
        "LOG_DIR": str(folder / "logs"),
        "HEARTBEAT_DIR": str(folder / "heartbeats"),
    }


def _refuse_live_server(settings: Settings, live: Place) -> None:
    """Tests create and drop databases on TEST_POSTGRES_URL's server, which must not be the one that serves."""
    url = os.environ.get("TEST_POSTGRES_URL")
    if not url or live.kind != "postgresql":
        return
    place = place_of(url, settings.project)
    if (place.host, place.port) == (live.host, live.port):
        raise Refused(
            "TEST_POSTGRES_URL names the server of the live database",
            cause="test.live_database",
            hint="unset TEST_POSTGRES_URL, or name another server",
        )
