"""Rebuilding on a real engine: only what is stale, with no failed request, and back by itself when it goes wrong."""

import signal
import subprocess

import pytest

from tests.e2e.deployment import until
from tests.e2e.traffic import all_the_while

NEVER_STARTS = '\nraise SystemExit("no licence for this market")\n'


@pytest.fixture(scope="module")
def current(compose):
    """The deployment with everything as the tree says."""
    assert compose.opsctl("up").code == 0
    rebuilt = compose.opsctl("rebuild", timeout_s=900)
    assert rebuilt.code == 0, rebuilt
    return compose


@pytest.fixture
def edit(current):
    """Append to files of the project; they are put back afterwards, and what runs is not."""
    before: dict[str, str] = {}

    def append(name: str, text: str) -> None:
        file = current.folder / name
        before.setdefault(name, file.read_text(encoding="utf-8"))
        file.write_text(before[name] + text, encoding="utf-8")

    yield append
    for name, text in before.items():
        (current.folder / name).write_text(text, encoding="utf-8")


def containers(deployment, service: str = "") -> set[str]:
    """Ids of the containers there are, running or not."""
    words = ("docker", "compose", "ps", "--all", "--no-trunc", "--quiet", *filter(None, [service]))
    return set(deployment.run(*words).stdout.split())


def services_of(outcome) -> dict[str, dict]:
    assert outcome.code == 0, outcome
    return {service["name"]: service for service in outcome.json["services"]}


def test_rebuild_touches_nothing_when_nothing_has_changed(current):
    before = containers(current)

    rebuilt = services_of(current.opsctl("rebuild", "--json"))

    assert {service["action"] for service in rebuilt.values()} == {"none"}
    assert containers(current) == before


def test_changed_api_code_replaces_the_api_alone_and_no_request_fails(current, edit):
    others = containers(current) - containers(current, "api")
    old = containers(current, "api")
    edit("app/api/main.py", "\n# changed\n")

    with all_the_while(current.url) as seen:
        rebuilt = services_of(current.opsctl("rebuild", "--json"))

    assert rebuilt["api"]["reasons"] == ["code"]
    assert (rebuilt["api"]["action"], rebuilt["api"]["outcome"]) == ("rebuild", "replaced")
    assert not containers(current, "api") & old
    assert containers(current) - containers(current, "api") == others
    assert seen.failed == {}, seen
    assert seen.answers["200"] > 100


def test_build_that_fails_leaves_the_old_image_serving(current, edit):
    before, image = containers(current), current.run("docker", "compose", "images", "-q", "api").stdout
    edit("Dockerfile", "\nRUN echo the mirror is down && exit 7\n")

    with all_the_while(current.url) as seen:
        rebuilt = current.opsctl("rebuild", "api", "--json")

    assert rebuilt.code == 1, rebuilt
    assert rebuilt.json["error"]["cause"] == "build.failed"
    assert "the mirror is down" in rebuilt.stderr
    assert containers(current) == before
    assert current.run("docker", "compose", "images", "-q", "api").stdout == image
    assert seen.failed == {}, seen


def test_api_that_never_gets_healthy_goes_away_and_the_old_one_never_stopped(current, edit):
    before = containers(current)
    edit("app/api/main.py", NEVER_STARTS)

    with all_the_while(current.url) as seen:
        rebuilt = current.opsctl("rebuild", "api", "--json")

    assert rebuilt.code == 1, rebuilt
    assert rebuilt.json["error"]["cause"] == "rebuild.unhealthy"
    assert "no licence for this market" in rebuilt.stderr
    assert containers(current) == before
    assert seen.failed == {}, seen


def test_scheduler_that_never_gets_healthy_is_replaced_by_the_one_that_was(current, edit):
    before = containers(current)
    edit("app/scheduler/main.py", NEVER_STARTS)

    rebuilt = current.opsctl("rebuild", "--json")

    assert rebuilt.code == 1, rebuilt
    assert rebuilt.json["error"]["cause"] == "rebuild.unhealthy"
    assert containers(current) == before
    status = current.opsctl("status", "--json").json
    assert {service["state"] for service in status["services"]} == {"running"}


def test_rebuild_that_was_killed_half_way_is_put_right_by_the_next_one(current, edit):
    edit("app/api/main.py", "\n# changed, and the operator's connection is lost\n")
    child = subprocess.Popen(
        [*current.program, "rebuild", "api"],
        cwd=current.folder,
        env=current.surroundings({}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: len(containers(current, "api")) == 2, "the new container beside the old", 120)

    with all_the_while(current.url) as seen:
        child.send_signal(signal.SIGKILL)
        child.wait()
        again = current.opsctl("rebuild", "--json")

    assert services_of(again)["api"]["outcome"] == "replaced"
    assert len(containers(current, "api")) == 1
    assert seen.failed == {}, seen


def test_changed_environment_is_named_by_key_and_never_by_value(current):
    changed = {"TELEGRAM_ADMIN_IDS": "424242424"}

    plan = current.opsctl("rebuild", "--dry-run", "--json", **changed)

    planned = services_of(plan)
    assert planned["bot"]["reasons"] == ["env (TELEGRAM_ADMIN_IDS)"]
    assert planned["bot"]["action"] == "recreate"
    assert planned["scheduler"]["action"] == planned["db"]["action"] == "none"
    assert "424242424" not in plan.stdout + plan.stderr


def test_unknown_service_is_refused_with_the_names_there_are(current):
    refused = current.opsctl("rebuild", "web")

    assert refused.code == 2, refused
    assert "scheduler" in refused.stderr
