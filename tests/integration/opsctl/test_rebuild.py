"""opsctl rebuild, on the local runtime: the reason table, and what runs afterwards."""

import pytest


@pytest.fixture
def running(system):
    system.up()
    return system


def append(system, name: str, text: str) -> None:
    with (system.folder / name).open("a", encoding="utf-8") as file:
        file.write(text)


def services_of(outcome) -> dict[str, dict]:
    assert outcome.code == 0, outcome
    return {service["name"]: service for service in outcome.json["services"]}


def test_nothing_changed_keeps_the_process(running):
    process = running.the_process()

    rebuilt = services_of(running.opsctl("rebuild", "--json"))

    assert {service["action"] for service in rebuilt.values()} == {"none"}
    assert {service["outcome"] for service in rebuilt.values()} == {"kept"}
    assert running.the_process().pid == process.pid


def test_plan_says_why_and_changes_nothing(running):
    process = running.the_process()
    append(running, "app/services/alerts.py", "\n# changed\n")

    planned = services_of(running.opsctl("rebuild", "--dry-run", "--json"))

    assert planned["api"]["reasons"] == ["code"]
    assert planned["api"]["outcome"] == "planned"
    assert running.the_process().pid == process.pid


def test_changed_code_restarts_the_process(running):
    process = running.the_process()
    append(running, "app/services/alerts.py", "\n# changed\n")

    rebuilt = services_of(running.opsctl("rebuild", "--json"))

    assert rebuilt["api"]["action"] == "restart"
    assert rebuilt["api"]["outcome"] == "replaced"
    assert running.the_process().pid != process.pid


def test_lock_that_cannot_be_installed_leaves_the_old_process_running(running):
    process = running.the_process()
    append(running, "requirements.txt", "a-package-without-version-and-hash\n")

    rebuilt = running.opsctl("rebuild", "--json")

    assert rebuilt.code == 1, rebuilt
    assert rebuilt.json["error"]["cause"] == "build.failed"
    assert running.the_process().pid == process.pid


def test_unknown_service_is_refused_with_the_names_there_are(running):
    refused = running.opsctl("rebuild", "web", "--json")

    assert refused.code == 2, refused
    assert refused.json["error"]["cause"] == "usage"
    assert "scheduler" in refused.json["error"]["message"]
