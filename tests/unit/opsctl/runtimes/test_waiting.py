"""Waiting for a runtime whose services become healthy, stay sick, or end."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from opsctl.errors import OpsctlError
from opsctl.runtimes import Service, waiting
from opsctl.settings import RuntimeSettings, Settings


def scripted(*looks: tuple[Service, ...]) -> Any:
    """A runtime that shows one set of services after the other, and then the last for ever."""
    left = list(looks)
    return SimpleNamespace(services=lambda _settings: left.pop(0) if len(left) > 1 else left[0])


def api(health, state="running", detail=""):
    return Service("api", state, health, detail=detail)


OFF = Service("bot", "running", "disabled", detail="no token")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(project=tmp_path, environment="test", values={}, runtime=RuntimeSettings(ready_timeout_s=0))


def test_healthy_and_left_out_services_end_the_wait(settings, capsys):
    runtime = scripted((api("starting"), OFF), (api("healthy"), OFF))

    settled = waiting.until_healthy(runtime, patient(settings))

    assert settled == (api("healthy"), OFF)
    assert "waiting for api" in capsys.readouterr().err


def test_system_that_is_healthy_already_needs_no_words(settings, capsys):
    waiting.until_healthy(scripted((api("healthy"), OFF)), settings)

    assert capsys.readouterr().err == ""


def test_service_that_stays_sick_is_named_with_its_reason_and_the_last_lines(settings):
    settings.logs_dir.mkdir()
    (settings.logs_dir / "app.log").write_text("one\ntwo\n")

    with pytest.raises(OpsctlError) as caught:
        waiting.until_healthy(scripted((api("unhealthy", detail="database: refused"), OFF)), settings)

    first, *details = str(caught.value).splitlines()
    assert first.startswith("api not healthy after")
    assert details == ["database: refused", "| one", "| two"]
    assert (caught.value.cause, caught.value.hint) == ("service.unhealthy", "opsctl logs tail api")


def test_service_that_ended_is_not_waited_for(settings):
    with pytest.raises(OpsctlError, match="api ended instead of serving") as caught:
        waiting.until_healthy(scripted((api("unknown", state="stopped"), OFF)), patient(settings))

    assert caught.value.cause == "service.ended"


def test_service_between_two_tries_of_its_restart_policy_is_waited_for(settings):
    runtime = scripted((api("unknown", state="stopped"),), (api("starting"),), (api("healthy"),))

    assert waiting.until_healthy(runtime, patient(settings)) == (api("healthy"),)


def test_only_named_services_are_waited_for(settings):
    runtime = scripted((api("unhealthy"), Service("bot", "running", "healthy")))

    assert [one.name for one in waiting.until_healthy(runtime, settings, ["bot"])] == ["bot"]


def test_last_words_are_those_of_the_file_written_last(tmp_path):
    (tmp_path / "old.log").write_text("old\n")
    (tmp_path / "app.out").write_text("".join(f"line {number}\n" for number in range(9000)))
    (tmp_path / "empty.log").touch()
    os.utime(tmp_path / "old.log", (0, 0))

    assert waiting.last_words(tmp_path) == [f"line {number}" for number in range(8995, 9000)]


def test_no_log_folder_has_no_last_words(tmp_path):
    assert waiting.last_words(tmp_path / "missing") == []


def patient(settings: Settings) -> Settings:
    return Settings(
        project=settings.project, environment="test", values={}, runtime=RuntimeSettings(ready_timeout_s=30)
    )
