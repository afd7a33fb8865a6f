"""pytest in the service's own container, on a database made for the run."""

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from opsctl import console, process
from opsctl.databases import Place
from opsctl.errors import NotReady, OpsctlError
from opsctl.lock import only_one_opsctl
from opsctl.runtimes import TESTS_OF, TestRun, junit
from opsctl.runtimes.compose import containers, project, staleness, throwaway
from opsctl.runtimes.compose.containers import Container
from opsctl.settings import Settings

RESULTS = "test-results"
LIMIT_S = 1800  # a run that takes longer is ended inside the container
WORDS_NOT_UNDERSTOOD = 4  # of pytest, which then writes no results
TIMED_OUT = 124
KILLED = 137
NOWHERE = "http://127.0.0.1:9"  # the discard port: a test that forgets its stand-in reaches nobody
MADE_OF = {"requirements", "Dockerfile", "code", "tests", "built without opsctl"}


def run(settings: Settings, service: str, arguments: Sequence[str], live: Place) -> TestRun:
    """Raises NotReady when the container is not there or older than the tree."""
    container = _current_container(settings, service)
    lock = only_one_opsctl(settings.state_dir / "tests", f"test {service}")
    with lock, throwaway.database(live, project.name_of(settings)) as made:
        url = made.url(container.environment.get("DATABASE_URL", ""), live)
        folder = f"/tmp/{made.name}"  # noqa: S108  # in the container, where nothing else can be written
        environment = {**_environment(folder, url), "PGPASSWORD": made.password}
        status = _pytest(container, folder, environment, _paths(settings, service, arguments))
        results = _results(settings, service, container, folder)
        if status == WORDS_NOT_UNDERSTOOD:
            return TestRun(service, status, passed=0, failed=0, skipped=0, junit=results)
        return junit.read(results, service=service, status=status)


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
