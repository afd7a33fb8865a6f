"""opsctl logs list"""

import time
from pathlib import Path
from typing import Any

from opsctl import console, runtimes
from opsctl.errors import OpsctlError
from opsctl.logs import containers, files
from opsctl.logs.containers import ContainerLog
from opsctl.logs.files import Log
from opsctl.options import AsJson
from opsctl.settings import Settings, load_settings


def list(as_json: AsJson = False) -> None:
    """Show every log: where it is, its size and age, what rotated.

    Under compose also what Docker keeps of each container's output.

    Exit codes: 0 done, 1 the folder cannot be read, 5 there is no log folder yet.
    Example: opsctl logs list --json
    """
    settings = load_settings()
    logs = files.find(settings.logs_dir)
    outputs = kept_by_docker(settings)
    now = time.time()
    document = {
        "folder": settings.logs_dir,
        "logs": [described(log, now) for log in logs],
        "containers": outputs,
        "total_bytes": sum(log.total_bytes for log in logs),
    }
    console.result(document, as_json=as_json, show=lambda: shown(settings.logs_dir, document["logs"], outputs))


def kept_by_docker(settings: Settings) -> tuple[ContainerLog, ...]:
    """Nothing for the local runtime; a warning, not a failure, when the engine does not answer."""
    if runtimes.chosen(settings).NAME != "compose":
        return ()
    try:
        return containers.find(settings)
    except OpsctlError as error:
        console.warning(f"{error}: container logs are not shown")
        return ()


def described(log: Log, now: float) -> dict[str, Any]:
    """One log as JSON; `bytes` and `age_seconds` are those of the current file, null while there is none."""
    return {
        "service": log.service,
        "path": log.path,
        "bytes": log.current.bytes if log.current else None,
        "age_seconds": round(now - log.current.modified_at, 1) if log.current else None,
        "rotations": [{"path": file.path, "bytes": file.bytes} for _number, file in log.rotated],
        "total_bytes": log.total_bytes,
    }


def shown(folder: Path, logs: Any, outputs: tuple[ContainerLog, ...]) -> Any:
    rows = [
        (
            log["service"],
            log["path"].name,
            "-" if log["bytes"] is None else console.size(log["bytes"]),
            "-" if log["age_seconds"] is None else f"{console.duration(max(0, log['age_seconds']))} ago",
            len(log["rotations"]),
            console.size(log["total_bytes"]),
        )
        for log in logs
    ]
    parts = [
        console.table(
            "service", "file", "size", "last line", "rotated", "together", rows=rows, title=f"Logs in {folder}"
        )
    ]
    if outputs:
        parts.append(
            console.table("container", "driver", "size", "limit", rows=map(_output_row, outputs), title="Docker")
        )
    return parts


def _output_row(one: ContainerLog) -> tuple[str, ...]:
    size = "not readable by this user" if one.bytes is None else console.size(one.bytes)
    return one.container, one.driver, size, " × ".join(filter(None, (one.max_size, one.max_file))) or "none"
