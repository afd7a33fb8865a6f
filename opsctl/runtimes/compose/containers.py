"""The project's containers, found by label and never by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from opsctl.runtimes.compose import engine
from opsctl.runtimes.compose.project import name_of
from opsctl.settings import Settings

LABEL = "com.docker.compose."
LOG_LINES_SHOWN = 15
CHECKS_SHOWN = 2


@dataclass(frozen=True)
class Container:
    """One container as it was a moment ago."""

    id: str
    name: str
    service: str
    number: int
    image: str  # its id
    status: str  # created, running, restarting, exited, …
    health: str  # healthy, unhealthy, starting; empty without a health check
    restarts: int
    exit_code: int
    started_at: datetime | None
    labels: Mapping[str, str]
    environment: Mapping[str, str]
    checks: Sequence[str]  # what the last health checks said

    @property
    def is_running(self) -> bool:
        return self.status == "running"

    @property
    def config_hash(self) -> str:
        return self.labels.get(f"{LABEL}config-hash", "")


def of_project(settings: Settings, service: str | None = None) -> list[Container]:
    """All of the project's containers, oldest number first; those of one-off runs are left out."""
    labels = [f"{LABEL}project={name_of(settings)}", f"{LABEL}oneoff=False"]
    if service:
        labels.append(f"{LABEL}service={service}")
    with engine.understood():
        found = engine.client().containers.list(all=True, ignore_removed=True, filters={"label": labels})
    return sorted((_snapshot(one.attrs) for one in found), key=lambda one: (one.service, one.number))


def look_at(container_id: str) -> Container:
    with engine.understood():
        return _snapshot(engine.client().containers.get(container_id).attrs)


def start(container_id: str) -> None:
    with engine.understood():
        engine.client().containers.get(container_id).start()


def passes_its_check(container_id: str) -> bool:
    """Run the health check now: the engine's last word may be seconds old, and one on its way out has it still."""
    from docker.errors import APIError

    with engine.understood():
        one = engine.client().containers.get(container_id)
        words = (one.attrs["Config"].get("Healthcheck") or {}).get("Test") or ["NONE"]
        if words[0] != "CMD":
            return True
        try:
            return bool(one.exec_run(words[1:]).exit_code == 0)
        except APIError:  # it has just ended
            return False


def stop(container_id: str, timeout_s: int) -> None:
    with engine.understood():
        engine.client().containers.get(container_id).stop(timeout=timeout_s)


def remove(container_id: str) -> None:
    """Harmless when it is gone already."""
    from docker.errors import NotFound

    with engine.understood():
        try:
            engine.client().containers.get(container_id).remove(force=True)
        except NotFound:
            return


def last_words(container_id: str) -> str:
    with engine.understood():
        output = engine.client().containers.get(container_id).logs(tail=LOG_LINES_SHOWN)
    return bytes(output).decode(errors="replace").strip()


def memory_of(container_id: str) -> int | None:
    """Bytes in use without the page cache, as `docker stats` shows them; None when it is not running."""
    with engine.understood():
        answer = engine.client().api.stats(container_id, stream=False, one_shot=True)
    memory = answer.get("memory_stats", {})
    if "usage" not in memory:
        return None
    return max(0, int(memory["usage"]) - int(memory.get("stats", {}).get("inactive_file", 0)))


def image_id(tag: str) -> str | None:
    """The id behind a tag; None when there is no such image."""
    from docker.errors import ImageNotFound

    with engine.understood():
        try:
            return str(engine.client().images.get(tag).id)
        except ImageNotFound:
            return None


def image_labels(tag: str) -> Mapping[str, str]:
    with engine.understood():
        return dict(engine.client().images.get(tag).labels or {})


def tag_image(identity: str, name: str, tag: str = "latest") -> None:
    with engine.understood():
        engine.client().images.get(identity).tag(name, tag)


def remove_image_if_unused(identity: str) -> None:
    """An image with a name, or that a container was made of, stays."""
    from docker.errors import APIError, ImageNotFound

    with engine.understood():
        try:
            if not engine.client().images.get(identity).tags:
                engine.client().images.remove(identity)
        except (APIError, ImageNotFound):
            return


def _snapshot(attrs: Mapping[str, Any]) -> Container:
    config, state = attrs["Config"], attrs["State"]
    labels = config.get("Labels") or {}
    health = state.get("Health") or {}
    checks = [str(check.get("Output", "")).strip() for check in health.get("Log") or []]
    return Container(
        id=attrs["Id"],
        name=attrs["Name"].removeprefix("/"),
        service=labels.get(f"{LABEL}service", ""),
        number=int(labels.get(f"{LABEL}container-number", 0)),
        image=attrs["Image"],
        status=state["Status"],
        health=health.get("Status", "") if health.get("Status") != "none" else "",
        restarts=attrs.get("RestartCount", 0),
        exit_code=state.get("ExitCode", 0),
        started_at=_moment(state.get("StartedAt", "")),
        labels=labels,
        environment=dict(pair.partition("=")[::2] for pair in config.get("Env") or []),
        checks=[text for text in checks if text][-CHECKS_SHOWN:],
    )


def _moment(text: str) -> datetime | None:
    """The engine writes nanoseconds; a container that never started has the year 1."""
    if not text or text.startswith("0001"):
        return None
    return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)
