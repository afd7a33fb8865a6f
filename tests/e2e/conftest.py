"""Deployments that whole-product tests share."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.deployment import (
    NO_ENGINE,
    Deployment,
    copy_of_the_project,
    new_environment,
    telegram_process,
    unique_name,
)
from tests.stand_ins.telegram import Telegram


@pytest.fixture(scope="module")
def telegram(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Telegram]:
    with telegram_process(tmp_path_factory.mktemp("telegram")) as server:
        yield server


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory, telegram: Telegram) -> Iterator[Deployment]:
    """The local runtime, up, on a copy of the project: SQLite and one background process."""
    folder = copy_of_the_project(tmp_path_factory.mktemp("local"))
    deployment = Deployment(folder, {**NO_ENGINE, **new_environment(telegram)})
    up = deployment.opsctl("up", "--env", "development")
    try:
        assert up.code == 0, up
        yield deployment
    finally:
        deployment.opsctl("down")


@pytest.fixture(scope="session")
def engine_telegram(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Telegram]:
    """A Bot API that containers reach: at the engine's own bridge address of this machine."""
    words = ["docker", "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"]
    gateway = subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()
    with telegram_process(tmp_path_factory.mktemp("telegram"), gateway) as server:
        yield server


@pytest.fixture(scope="session")
def compose(tmp_path_factory: pytest.TempPathFactory, engine_telegram: Telegram) -> Iterator[Deployment]:
    """The compose runtime, up, on a copy of the project: real containers, PostgreSQL 17."""
    folder: Path = tmp_path_factory.mktemp("compose") / unique_name("stockalert")
    folder.mkdir()
    copy_of_the_project(folder)
    deployment = Deployment(folder, new_environment(engine_telegram))
    try:
        up = deployment.opsctl("up", "--env", "development", timeout_s=900)
        assert up.code == 0, up
        yield deployment
    finally:
        deployment.opsctl("down")
        deployment.run("docker", "compose", "down", "--volumes", "--rmi", "local", "--remove-orphans", "-t", "1")
