"""Questions to the Docker Engine, through its API."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from opsctl.errors import NotReady, OpsctlError

if TYPE_CHECKING:
    from docker import DockerClient

ANSWER_WITHIN_S = 2  # an engine that hangs must not hang us
SLOWEST_ANSWER_S = 120  # stopping a container takes as long as its grace period
OLDEST_API = (1, 44)  # Engine 25, the first with start_interval in health checks


def is_answering() -> bool:
    """Whether an engine that is new enough answers within two seconds."""
    try:
        _require_answer(address())
    except NotReady:
        return False
    return True


@cache
def client() -> "DockerClient":
    """Raises NotReady and says which it is: nobody there, not allowed, too slow, too old."""
    from docker import DockerClient

    _require_answer(address())
    return DockerClient(base_url=address(), version="auto", timeout=SLOWEST_ANSWER_S)


@contextmanager
def understood() -> Iterator[None]:
    """What goes wrong between us and the engine, in one line."""
    from docker.errors import APIError, DockerException
    from requests import RequestException

    try:
        yield
    except APIError as error:
        raise OpsctlError(
            f"the engine says: {error.explanation or error}", cause="engine.refused", hint="docker ps --all"
        ) from None
    except (DockerException, RequestException, OSError) as error:
        raise NotReady(
            f"the Docker Engine stopped answering ({type(error).__name__})",
            cause="engine.unreachable",
            hint="docker info",
        ) from None


def address() -> str:
    """DOCKER_HOST, else the docker program's current context."""
    if said := os.environ.get("DOCKER_HOST"):
        return said
    from docker.context import ContextAPI
    from docker.errors import DockerException

    try:
        return str(ContextAPI.get_current_context().Host)
    except (DockerException, OSError, ValueError, AttributeError):
        return "unix:///var/run/docker.sock"


def _require_answer(url: str) -> None:
    from docker import DockerClient
    from docker.errors import DockerException
    from requests import RequestException

    try:
        engine: Any = DockerClient(base_url=url, version="auto", timeout=ANSWER_WITHIN_S)
        found = str(engine.api.api_version)
        engine.close()
    except (DockerException, RequestException, OSError) as error:
        raise _unreachable(url, str(error)) from None
    if tuple(int(part) for part in found.split(".")) < OLDEST_API:
        raise NotReady(
            f"the Docker Engine speaks API {found}; 1.44 (Engine 25) is needed",
            cause="engine.version",
            hint="docker version",
        )


def _unreachable(url: str, text: str) -> NotReady:
    if "Permission denied" in text:
        return NotReady(
            f"this user may not talk to the Docker Engine at {url}",
            cause="engine.denied",
            hint="sudo usermod -aG docker $USER, then log in again (this group is as good as root)",
        )
    what = "does not answer within 2 seconds" if "timed out" in text.lower() else "does not answer"
    return NotReady(
        f"the Docker Engine at {url} {what}", cause="engine.unreachable", hint="sudo systemctl start docker"
    )
