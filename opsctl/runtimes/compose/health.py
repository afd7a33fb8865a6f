"""The gate: a new container passes when its own health check says so."""

import time

from opsctl.errors import OpsctlError
from opsctl.runtimes.compose import containers
from opsctl.runtimes.compose.containers import Container

LOOK_EVERY_S = 0.25


class Unhealthy(OpsctlError):
    """A new container ended, or did not become healthy in time."""

    def __init__(self, container: Container, what: str) -> None:
        words = [f"check: {text}" for text in container.checks]
        words += containers.last_words(container.id).splitlines()
        super().__init__(
            "\n".join([f"the new container of {container.service} {what}", *words]),
            cause="rebuild.unhealthy",
            hint=f"opsctl logs tail {container.service}; opsctl migrate status",
        )


def wait_until_healthy(container_id: str, limit_s: float) -> None:
    """Raises Unhealthy, with the last checks and log lines, as soon as it is certain."""
    deadline = time.monotonic() + limit_s
    while True:
        now = containers.look_at(container_id)
        if now.restarts or now.status in ("exited", "dead"):
            raise Unhealthy(now, f"ended with exit code {now.exit_code}")
        if now.is_running and now.health in ("healthy", ""):
            return
        if now.health == "unhealthy":
            raise Unhealthy(now, "is unhealthy")
        if time.monotonic() > deadline:
            raise Unhealthy(now, f"was not healthy after {limit_s:g} s")
        time.sleep(LOOK_EVERY_S)
