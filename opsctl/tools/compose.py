"""Words for docker compose. Run them in the project folder: compose finds its file there."""

import re
from collections.abc import Sequence
from pathlib import Path


def words(env_file: Path, *rest: str) -> tuple[str, ...]:
    return ("docker", "compose", "--env-file", str(env_file), *rest)


def version() -> tuple[str, ...]:
    return ("docker", "compose", "version", "--short")


def config() -> tuple[str, ...]:
    """The file with every variable in its place, as JSON."""
    return ("config", "--format", "json")


def hashes() -> tuple[str, ...]:
    """One line per service, `NAME HASH`: what a container made now would carry as its label."""
    return ("config", "--hash", "*")


def build(service: str) -> tuple[str, ...]:
    return ("--progress", "plain", "build", service)


def create_beside(service: str, total: int) -> tuple[str, ...]:
    """Containers until there are `total`, not started.

    Without --no-deps: it makes compose leave `depends_on` out of the container's hash, and the next
    `docker compose up` would take the container for a changed one (seen with 2.26).
    """
    return ("up", "--no-start", "--no-recreate", "--no-build", "--scale", f"{service}={total}", service)


def up(services: Sequence[str]) -> tuple[str, ...]:
    """Start what is not running; what runs stays as it is."""
    return ("up", "--detach", "--no-recreate", "--no-build", *services)


def up_and_wait(service: str, timeout_s: int) -> tuple[str, ...]:
    return ("up", "--detach", "--no-recreate", "--no-deps", "--wait", "--wait-timeout", str(timeout_s), service)


def remove(services: Sequence[str]) -> tuple[str, ...]:
    return ("rm", "--stop", "--force", *services)


def stop(services: Sequence[str], timeout_s: int) -> tuple[str, ...]:
    return ("stop", "--timeout", str(timeout_s), *services)


def down(timeout_s: int) -> tuple[str, ...]:
    return ("down", "--timeout", str(timeout_s))


def run_once(service: str, argv: Sequence[str]) -> tuple[str, ...]:
    """A container of its own that is gone afterwards; never a terminal, which would change the bytes."""
    return ("run", "--rm", "--no-deps", "--no-TTY", service, *argv)


def read_hashes(output: str) -> dict[str, str]:
    return dict(line.split() for line in output.splitlines() if len(line.split()) == 2)


def name_from_folder(folder: str) -> str:
    """The project name compose makes of a folder's name; empty when nothing usable is in it."""
    return re.sub(r"[^a-z0-9_-]", "", folder.lower()).lstrip("_-")
