"""What Docker keeps of each container's output, and whether it ever lets go of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opsctl.errors import NotReady

ENGINE_TIMEOUT_S = 5
FOLDER_LABEL = "com.docker.compose.project.working_dir"
SERVICE_LABEL = "com.docker.compose.service"
ONE_OFF_LABEL = "com.docker.compose.oneoff"


@dataclass(frozen=True)
class ContainerLog:
    """`bytes` is None where this user may not look; `max_size` is empty where nothing limits the file."""

    service: str
    container: str
    driver: str
    path: str
    bytes: int | None
    max_size: str
    max_file: str


def find(project: Path) -> tuple[ContainerLog, ...]:
    """The output of every container that compose started from this folder, in the order of service names.

    Raises NotReady when no engine answers.
    """
    import docker
    from docker.errors import DockerException

    try:
        engine = docker.from_env(timeout=ENGINE_TIMEOUT_S)
        try:
            listed = engine.api.containers(all=True, filters={"label": f"{FOLDER_LABEL}={project}"})
            inspected = [engine.api.inspect_container(one["Id"]) for one in listed]
        finally:
            engine.close()
    except (DockerException, OSError) as error:
        raise NotReady(
            f"the Docker Engine does not answer: {type(error).__name__}", cause="engine.unreachable", hint="docker info"
        ) from None
    logs = [read(one) for one in inspected if _labels(one).get(ONE_OFF_LABEL) != "True"]
    return tuple(sorted(logs, key=lambda log: (log.service, log.container)))


def read(inspected: dict[str, Any]) -> ContainerLog:
    """What matters here of one `docker inspect` document."""
    config = inspected["HostConfig"]["LogConfig"]
    options = config.get("Config") or {}
    path = inspected.get("LogPath") or ""
    return ContainerLog(
        service=_labels(inspected).get(SERVICE_LABEL, ""),
        container=inspected["Name"].removeprefix("/"),
        driver=config["Type"],
        path=path,
        bytes=_size(path),
        max_size=options.get("max-size", ""),
        max_file=options.get("max-file", ""),
    )


def _labels(inspected: dict[str, Any]) -> dict[str, str]:
    return inspected["Config"].get("Labels") or {}


def _size(path: str) -> int | None:
    try:
        return Path(path).stat().st_size if path else None
    except OSError:
        return None
