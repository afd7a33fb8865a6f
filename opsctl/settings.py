"""opsctl.toml and the environment, read once into one frozen Settings."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from opsctl import environment, redaction
from opsctl.errors import NotReady

FILE_NAME = "opsctl.toml"


@dataclass(frozen=True)
class RuntimeSettings:
    name: str = "auto"  # local, compose, or auto: compose where a Docker Engine and compose v2 answer
    ready_timeout_s: int = 120  # how long `up`, `restart` and `rebuild` wait for every part to be healthy
    stop_timeout_s: int = 20  # how long a part may take to end after SIGTERM
    drain_s: int = 2  # how long the proxy gets to see a new container before the old one is stopped


@dataclass(frozen=True)
class BackupSettings:
    dir: str = "backups"
    keep: int = 14  # how many verified backups `db backup` leaves behind
    dump_timeout_s: int = 3600
    lock_wait_s: int = 10  # how long a dump waits for a table that somebody holds


@dataclass(frozen=True)
class RestoreSettings:
    keep_previous: int = 2  # how many replaced databases stay for `db undo`
    load_timeout_s: int = 7200
    swap_wait_s: int = 10  # how long the swap waits for transactions that are under way


@dataclass(frozen=True)
class LogSettings:
    dir: str = "logs"
    max_bytes: int = 5_242_880  # the size at which a log file rotates
    backups: int = 5  # how many rotated files are kept
    silent_after_s: int = 900  # a log that did not grow for so long while its service is up is a finding


@dataclass(frozen=True)
class DoctorSettings:
    disk_free_percent: int = 10
    backup_max_age_h: int = 26
    job_max_age_s: int = 300
    outbox_max_age_s: int = 120


@dataclass(frozen=True)
class MigrateSettings:
    lock_timeout_ms: int = 2000
    attempts: int = 5


@dataclass(frozen=True)
class Settings:
    """Everything a command needs to know about the place it works on. Folders are absolute."""

    project: Path
    environment: str
    values: Mapping[str, str] = field(repr=False)  # the environment file, under what the process environment says
    runtime: RuntimeSettings = RuntimeSettings()
    backup: BackupSettings = BackupSettings()
    restore: RestoreSettings = RestoreSettings()
    logs: LogSettings = LogSettings()
    doctor: DoctorSettings = DoctorSettings()
    migrate: MigrateSettings = MigrateSettings()

    @property
    def env_file(self) -> Path:
        return environment.file_of(self.project, self.environment)

    @property
    def state_dir(self) -> Path:
        return self.project / ".opsctl"

    @property
    def backup_dir(self) -> Path:
        return self.project / self.backup.dir

    @property
    def logs_dir(self) -> Path:
        return self.project / self.logs.dir

    @property
    def data_dir(self) -> Path:
        return self.project / "data"

    @property
    def is_production(self) -> bool:
        return self.environment == "production"


SECTIONS: dict[str, type] = {
    "runtime": RuntimeSettings,
    "backup": BackupSettings,
    "restore": RestoreSettings,
    "logs": LogSettings,
    "doctor": DoctorSettings,
    "migrate": MigrateSettings,
}


def load_settings(*, env: str | None = None, runtime: str | None = None, coming_up: bool = False) -> Settings:
    """Read opsctl.toml, the environment file and OPSCTL_SECTION_KEY variables.

    Raises NotReady when there is no project folder above the current one, when the environment was
    never said, or when a key is unknown or has a value of the wrong kind; Refused when another environment
    is said than the one this folder runs as, unless it is `coming_up`.
    """
    project = find_project()
    sections = read_sections(project / FILE_NAME, os.environ)
    if runtime:
        sections["runtime"] = RuntimeSettings(**{**_as_dict(sections["runtime"]), "name": runtime})
    name = environment.current(project, said=env)
    if not coming_up:
        environment.require(project, name)
    values = environment.values_of(project, name)
    redaction.remember(value for key, value in values.items() if redaction.is_secret_key(key))
    return Settings(project=project, environment=name, values=values, **sections)


def find_project(start: Path | None = None) -> Path:
    """The nearest folder at or above `start` that holds opsctl.toml; OPSCTL_PROJECT names another one."""
    if said := os.environ.get("OPSCTL_PROJECT"):
        start = Path(said)
    try:
        start = (start or Path.cwd()).resolve(strict=True)
    except (FileNotFoundError, OSError):
        raise NotReady("the current folder is gone", cause="project.missing", hint="cd to the project folder") from None
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder
    raise NotReady(
        f"no {FILE_NAME} in {start} or above it",
        cause="project.missing",
        hint="cd to the project folder, or set OPSCTL_PROJECT",
    )


def read_sections(file: Path, overrides: Mapping[str, str]) -> dict[str, Any]:
    """One object per section of opsctl.toml, with OPSCTL_SECTION_KEY variables on top."""
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NotReady(
            f"{file.name} cannot be read: {error}", cause="settings.syntax", hint=f"edit {file.name}"
        ) from None
    _refuse_unknown(document, SECTIONS, file.name)
    return {name: _section(kind, name, document.get(name, {}), overrides) for name, kind in SECTIONS.items()}


def _section(kind: type, name: str, given: Any, overrides: Mapping[str, str]) -> Any:
    if not isinstance(given, dict):
        raise NotReady(f"[{name}] must be a table", cause="settings.value", hint=f"edit {FILE_NAME}")
    known = {one.name: one.default for one in fields(kind)}
    _refuse_unknown(given, known, f"[{name}] in {FILE_NAME}")
    chosen = {key: _checked(f"{name}.{key}", given.get(key, default), default) for key, default in known.items()}
    for key, default in known.items():
        variable = f"OPSCTL_{name}_{key}".upper()
        if variable in overrides:
            value = _number_or_text(overrides[variable], default)
            chosen[key] = _checked(variable, value, default, hint=f"unset {variable}")
    return kind(**chosen)


def _checked(name: str, value: Any, default: Any, *, hint: str = f"edit {FILE_NAME}") -> Any:
    if type(value) is not type(default) or (isinstance(value, int) and value < 0):
        wanted = "a number that is not negative" if isinstance(default, int) else "a text"
        raise NotReady(f"{name} must be {wanted}", cause="settings.value", hint=hint)
    return value


def _number_or_text(text: str, default: Any) -> Any:
    if isinstance(default, int):
        return int(text) if text.isascii() and text.isdigit() else text
    return text


def _refuse_unknown(given: Mapping[str, Any], known: Mapping[str, Any], where: str) -> None:
    for key in given:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
            raise NotReady(f"unknown key {key!r} in {where}", cause="settings.unknown_key", hint=hint)


def _as_dict(section: Any) -> dict[str, Any]:
    return {one.name: getattr(section, one.name) for one in fields(section)}
