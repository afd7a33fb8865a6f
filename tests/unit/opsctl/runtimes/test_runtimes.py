"""Every runtime offers the same, and a folder keeps the one it has."""

import inspect
from pathlib import Path

import pytest

from opsctl import runtimes
from opsctl.errors import NotReady
from opsctl.runtimes import Runtime, Service
from opsctl.settings import RuntimeSettings, Settings

PROMISED = {name: one for name, one in vars(Runtime).items() if inspect.isfunction(one) and not name.startswith("_")}


def settings_in(folder: Path, runtime: str = "auto") -> Settings:
    (folder / ".opsctl").mkdir(exist_ok=True)
    return Settings(project=folder, environment="test", values={}, runtime=RuntimeSettings(name=runtime))


@pytest.mark.parametrize("runtime", runtimes.NAMES)
@pytest.mark.parametrize("function", PROMISED)
def test_runtime_has_every_function_of_the_protocol(runtime, function):
    offered = inspect.signature(getattr(runtimes.named(runtime), function))
    promised = inspect.signature(PROMISED[function])

    assert list(offered.parameters) == list(promised.parameters)[1:]


@pytest.mark.parametrize("runtime", runtimes.NAMES)
def test_runtime_knows_its_name(runtime):
    found = runtimes.named(runtime).NAME

    assert found == runtime


def test_said_runtime_wins_over_the_remembered_one(tmp_path):
    runtimes.remember(settings_in(tmp_path), runtimes.named("compose"))

    assert runtimes.chosen(settings_in(tmp_path, "local")).NAME == "local"


@pytest.mark.parametrize("name", runtimes.NAMES)
def test_folder_keeps_the_runtime_it_was_brought_up_with(tmp_path, name):
    runtimes.remember(settings_in(tmp_path), runtimes.named(name))

    found = runtimes.chosen(settings_in(tmp_path)).NAME

    assert found == name


def test_new_folder_without_an_engine_is_local(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")

    assert runtimes.chosen(settings_in(tmp_path)).NAME == "local"


@pytest.mark.parametrize("memory", ["", "swarm\n", "\xff"])
def test_memory_that_makes_no_sense_is_no_memory(tmp_path, memory):
    settings = settings_in(tmp_path)
    (settings.state_dir / "runtime").write_text(memory)

    assert runtimes.remembered(settings) is None


def test_unknown_runtime_is_answered_with_the_known_ones():
    with pytest.raises(NotReady, match="no runtime 'swarm'") as caught:
        runtimes.named("swarm")
    assert caught.value.hint == "choose one of local, compose"


@pytest.mark.parametrize(
    ("state", "health", "is_well"),
    [
        ("running", "healthy", True),
        ("running", "disabled", True),
        ("running", "starting", False),
        ("running", "unhealthy", False),
        ("stopped", "healthy", False),
        ("missing", "unknown", False),
    ],
)
def test_only_healthy_and_left_out_services_are_well(state, health, is_well):
    assert Service("bot", state, health).is_well is is_well
