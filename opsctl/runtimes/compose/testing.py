"""pytest in the service's own container, on a database made for the run."""

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from opsctl import console, process
from opsctl.databases import Place
from opsctl.databases.postgres import psql
from opsctl.errors import NotReady, OpsctlError, Refused
from opsctl.lock import only_one_opsctl
from opsctl.runtimes import TESTS_OF, TestRun, junit
from opsctl.runtimes.compose import containers, project, staleness
from opsctl.runtimes.compose.containers import Container
from opsctl.settings import Settings

RESULTS = "test-results"
LIMIT_S = 1800  # a run that takes longer is ended inside the container
TIMED_OUT = 124
KILLED = 137
NOWHERE = "http://127.0.0.1:9"  # the discard port: a test that forgets its stand-in reaches nobody
PREFIX = "app_test_"
MADE_OF = {"requirements", "Dockerfile", "code", "tests", "built without opsctl"}


def run(settings: Settings, service: str, arguments: Sequence[str], live: Place) -> TestRun:
    """Raises NotReady when the container is not there or older than the tree, Refused for the live database."""
    container = _current_container(settings, service)
    with (
        only_one_opsctl(settings.state_dir / "tests", f"test {service}"),
        _database(live, project.name_of(settings)) as name,
    ):
        url = url_of(container.environment.get("DATABASE_URL", ""), name, live)
        folder = f"/tmp/{name}"  # noqa: S108  # in the container, where it is the only place that can be written
        status = _pytest(container, folder, _environment(folder, url), _paths(settings, service, arguments))
        return junit.read(_results(settings, service, container, folder), service=service, status=status)


def _current_container(settings: Settings, service: str) -> Container:
    running = [one for one in containers.of_project(settings, service) if one.is_running]
    if not running:
        raise NotReady(f"{service} is not running", cause="service.stopped", hint="opsctl up")
    (change,) = staleness.table(settings, [service])
    old = [reason for reason in change.reasons if reason in MADE_OF]
    if old:
        raise NotReady(
            f"the image of {service} is older than the tree: {', '.join(old)}",
            cause="image.stale",
            hint=f"opsctl rebuild {service}",
        )
    return running[0]


@contextmanager
def _database(live: Place, owner: str) -> Iterator[str]:
    """An empty database on the live one's server, gone when the block ends; those of killed runs go first."""
    if live.kind != "postgresql":
        raise Refused("the service has no PostgreSQL server", cause="test.database", hint="look at DATABASE_URL")
    prefix = PREFIX + re.sub(r"[^a-z0-9]", "_", owner)[:30] + "_"
    for left in _named(live, prefix):
        _drop(live, left)
    name = prefix + secrets.token_hex(4)
    if name == live.name:
        raise Refused(f"{name} is the live database", cause="test.live_database", hint="rename the live database")
    psql.script(live, f"CREATE DATABASE {psql.identifier(name)}")
    try:
        yield name
    finally:
        _drop(live, name)


def _named(live: Place, prefix: str) -> list[str]:
    listed = psql.script(live, "SELECT datname FROM pg_database")
    return [name for name in listed.splitlines() if name.startswith(prefix)]


def _drop(live: Place, name: str) -> None:
    psql.script(live, f"DROP DATABASE IF EXISTS {psql.identifier(name)} WITH (FORCE)")


def url_of(live_url: str, name: str, live: Place) -> str:
    """The service's own URL with the database's name replaced. Raises Refused should it still be the live one."""
    at = urlsplit(live_url)
    if at.path.strip("/") != live.name:
        raise Refused("DATABASE_URL is not what it was a moment ago", cause="test.live_database", hint="opsctl status")
    return urlunsplit(at._replace(path=f"/{name}"))


def _environment(folder: str, url: str) -> dict[str, str]:
    """Nothing of the live system: no token that could send, no key that signs, no log file that is kept."""
    plain = urlsplit(url)._replace(scheme="postgresql")
    return {
        "APP_ENV": "test",
        "DATABASE_URL": url,
        "TEST_POSTGRES_URL": urlunsplit(plain),
        "JWT_SECRET_KEY": secrets.token_urlsafe(36),
        "TELEGRAM_BOT_TOKEN": "",
        "TELEGRAM_API_URL": NOWHERE,
        "DART_API_KEY": "",
        "LOG_DIR": f"{folder}/logs",
        "HEARTBEAT_DIR": f"{folder}/heartbeats",
    }


def _paths(settings: Settings, service: str, arguments: Sequence[str]) -> list[str]:
    """The service's tests, unless the operator names paths of their own."""
    if any((settings.project / word.partition("::")[0]).exists() for word in arguments if not word.startswith("-")):
        return list(arguments)
    return [*(path for path in TESTS_OF[service] if (settings.project / path).exists()), *arguments]


def _pytest(container: Container, folder: str, environment: Mapping[str, str], words: Sequence[str]) -> int:
    """pytest's exit status; its lines go to stderr as they come.

    Its standard input is ours, so whatever ends us (Ctrl-C, a lost terminal, a kill) ends it in the container.
    """
    argv = ["leashed", str(LIMIT_S), "python", "-m", "pytest", f"--junitxml={folder}/junit.xml", *words]
    variables = [word for key in environment for word in ("--env", key)]  # by name: values stay out of argv
    with process.conversation(
        ["docker", "exec", "--interactive", *variables, container.name, *argv], secrets=environment
    ) as child:
        assert child.stdout  # a pipe
        assert child.stderr
        for line in child.stdout:
            console.progress(line.rstrip("\n"))
        status = child.wait()
        if status == TIMED_OUT:
            raise OpsctlError(
                f"the tests did not end within {console.duration(LIMIT_S)}",
                cause="test.timeout",
                hint="opsctl test -- -x",
            )
        if status == KILLED:
            raise OpsctlError(
                f"pytest was killed in {container.name}: out of memory?", cause="test.killed", hint="opsctl status"
            )
        if status in (125, 126, 127):  # docker's own: nothing was run
            raise NotReady(
                f"pytest cannot be started in {container.name}: {child.stderr.read().strip()}",
                cause="test.not_started",
                hint="opsctl status",
            )
    return status


def _results(settings: Settings, service: str, container: Container, folder: str) -> Path:
    """Copy the JUnit file out. Not by `docker cp`, which does not see a tmpfs."""
    target = settings.project / RESULTS / f"{service}.xml"
    target.parent.mkdir(exist_ok=True)
    inside = f"{folder}/junit.xml"
    process.attempt(["docker", "exec", container.name, "cat", inside], stdout_to=target, quiet=True)
    process.attempt(["docker", "exec", container.name, "rm", "-rf", folder], quiet=True)
    return target
