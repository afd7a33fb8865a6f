"""The background process that belongs to this project: who it is, and what it was started with."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from opsctl.settings import Settings

FILE_NAME = "app.pid"
OWNER = "OPSCTL_OWNER"  # in the environment of a process we start: the project folder it works for
WORDS = ["-m", "app", "all"]


@dataclass(frozen=True)
class Record:
    """What the pid file says. The process it names may be long gone."""

    pid: int
    born: str  # see born()
    started_at: float  # seconds since 1970
    url: str
    environment: str
    values: Mapping[str, str]  # fingerprints of the environment's values, by key
    code: str
    requirements: str


def write(settings: Settings, record: Record) -> None:
    partial = _file(settings).with_suffix(".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(record), file)
    partial.replace(_file(settings))


def read(settings: Settings) -> Record | None:
    """None when there is no record, or one that makes no sense."""
    try:
        document: Any = json.loads(_file(settings).read_text(encoding="utf-8"))
        record = Record(**document)
    except (OSError, ValueError, TypeError):
        return None
    sound = isinstance(record.pid, int) and isinstance(record.values, dict) and isinstance(record.started_at, float)
    return record if sound else None


def forget(settings: Settings) -> None:
    _file(settings).unlink(missing_ok=True)


def process_of(settings: Settings) -> psutil.Process | None:
    """Our running process, None when there is none; a number that another process has got since is not ours."""
    record = read(settings)
    if record and is_alive(record.pid) and born(record.pid) == record.born:
        return psutil.Process(record.pid)
    return _unrecorded(settings.project)


def is_alive(pid: int) -> bool:
    """A zombie is dead: nobody has asked for its exit status yet."""
    try:
        return pid > 0 and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def born(pid: int) -> str:
    """When a process came to life, in words that neither a set clock nor a reboot can make equal to another's."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except OSError:  # no /proc: another kernel than Linux, or the process is gone
        return _created(pid)
    return f"{boot}/{stat.rpartition(')')[2].split()[19]}"


def _created(pid: int) -> str:
    try:
        return f"{psutil.Process(pid).create_time():.2f}"
    except psutil.Error:
        return ""


def _unrecorded(project: Path) -> psutil.Process | None:
    """A process of ours without a record: opsctl was killed between the start and the writing, or the file was lost."""
    for process in psutil.process_iter():
        try:
            if process.cmdline()[1:] == WORDS and process.environ().get(OWNER) == str(project):
                return process
        except psutil.Error:  # gone meanwhile, or another user's
            continue
    return None


def _file(settings: Settings) -> Path:
    return settings.state_dir / FILE_NAME
