"""What Docker keeps of each container's output, and whether it ever lets go of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opsctl.runtimes.compose import engine
from opsctl.runtimes.compose.containers import LABEL
from opsctl.runtimes.compose.project import name_of
from opsctl.settings import Settings


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


def find(settings: Settings) -> tuple[ContainerLog, ...]:
    """The output of every container of the project, in the order of service names.

    Raises NotReady when no engine answers.
    """
    labels = [f"{LABEL}project={name_of(settings)}", f"{LABEL}oneoff=False"]
    with engine.understood():
        listed = engine.client().containers.list(all=True, ignore_removed=True, filters={"label": labels})
    return tuple(sorted((read(one.attrs) for one in listed), key=lambda log: (log.service, log.container)))


def read(inspected: dict[str, Any]) -> ContainerLog:
    """What matters here of one `docker inspect` document."""
    config = inspected["HostConfig"]["LogConfig"]
    options = config.get("Config") or {}
    path = inspected.get("LogPath") or ""
    return ContainerLog(
        service=_labels(inspected).get(f"{LABEL}service", ""),
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
