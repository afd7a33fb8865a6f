"""docker compose on this project: its name, its file, its words."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opsctl import process
from opsctl.errors import NotReady, OpsctlError
from opsctl.process import ProgramFailed
from opsctl.settings import Settings
from opsctl.tools import compose

FILE = "docker-compose.yml"
PORT_TAKEN = ("port is already allocated", "address already in use")


@dataclass(frozen=True)
class Wanted:
    """A service as the compose file, with today's environment, wants it."""

    config_hash: str
    environment: Mapping[str, str]


def name_of(settings: Settings) -> str:
    """The compose project's name: COMPOSE_PROJECT_NAME, else the folder's."""
    said = os.environ.get("COMPOSE_PROJECT_NAME") or settings.values.get("COMPOSE_PROJECT_NAME")
    name = said or compose.name_from_folder(settings.project.name)
    if not name:
        raise NotReady(
            f"no project name can be made of the folder {settings.project.name!r}",
            cause="compose.name",
            hint=f"put COMPOSE_PROJECT_NAME=stockalert into {settings.env_file.name}",
        )
    return name


def image_of(settings: Settings) -> str:
    return f"{name_of(settings)}-app"


def run(settings: Settings, words: tuple[str, ...], *, timeout_s: float = 600, **variables: str) -> str:
    """Run docker compose in the project folder; return its stdout."""
    try:
        return process.run(
            compose.words(settings.env_file, *words),
            secrets=_surroundings(settings) | variables,
            cwd=settings.project,
            timeout_s=timeout_s,
        )
    except ProgramFailed as failure:
        raise _explained(failure, settings) from None


def wanted(settings: Settings) -> dict[str, Wanted]:
    """Every service of the compose file. Raises NotReady when the file or a variable in it is wrong."""
    document = _read(settings, compose.config())
    hashes = compose.read_hashes(_read(settings, compose.hashes()))
    return {
        name: Wanted(hashes.get(name, ""), {key: str(value or "") for key, value in _environment(service).items()})
        for name, service in json.loads(document)["services"].items()
    }


def _read(settings: Settings, words: tuple[str, ...]) -> str:
    done = process.attempt(
        compose.words(settings.env_file, *words),
        secrets=_surroundings(settings),
        cwd=settings.project,
        timeout_s=30,
        quiet=True,
    )
    if done.status != 0:
        lines = done.stderr.strip().splitlines() or ["docker compose config failed"]
        raise NotReady(
            f"{FILE} cannot be used: {lines[-1]}",
            cause="compose.invalid",
            hint=f"look at {FILE} and {settings.env_file.name}",
        )
    return done.stdout


def _environment(service: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = service.get("environment") or {}
    return found


def _surroundings(settings: Settings) -> dict[str, str]:
    # compose lets the shell win over the file; an environment that was said with --env wins over both
    return {"APP_ENV": settings.environment, "COMPOSE_PROJECT_NAME": name_of(settings)}


def _explained(failure: ProgramFailed, settings: Settings) -> OpsctlError:
    if any(sign in failure.stderr for sign in PORT_TAKEN):
        port = settings.values.get("API_PORT") or "8000"
        return OpsctlError(
            f"port {port} of 127.0.0.1 is taken",
            cause="port.taken",
            hint=f"end that program, or set another API_PORT in {settings.env_file.name}",
        )
    return failure
