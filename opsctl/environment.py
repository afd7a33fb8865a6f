"""Which environment the project folder runs as, and the file that holds its keys."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from opsctl.errors import NotReady, Refused

NAMES = ("development", "production", "test")
EXAMPLE = ".env.example"
MEMORY = ".env"  # a link to the environment's file; `docker compose` typed by hand reads it too
FRESH_SECRETS = ("POSTGRES_PASSWORD", "JWT_SECRET_KEY")


def current(project: Path, *, said: str | None = None) -> str:
    """The environment that was said (`--env`, APP_ENV), else the one this folder remembers.

    Raises NotReady when neither is there: an environment is never guessed.
    """
    name = said or os.environ.get("APP_ENV") or remembered(project)
    if name is None:
        raise _foreign_file(project) if (project / MEMORY).is_file() else _unknown(project)
    if name not in NAMES:
        raise NotReady(
            f"there is no environment {name!r}", cause="environment.unknown", hint=f"choose one of {', '.join(NAMES)}"
        )
    return name


def require(project: Path, name: str) -> None:
    """Refuses an environment that this folder does not run as: only `opsctl up` makes it another one.

    Otherwise `--env development --yes` would be the way around production's questions. Raises NotReady when the
    file is gone: without it DATABASE_URL would be the default one, which is another database.
    """
    before = remembered(project)
    if before not in (None, name):
        raise Refused(
            f"this folder runs as {before}, {name} was said",
            cause="environment.other",
            hint="type the same without --env (and unset APP_ENV)",
        )
    if before and not file_of(project, name).exists():
        raise gone(project, name)


def gone(project: Path, name: str) -> NotReady:
    return NotReady(
        f"{file_of(project, name).name} is gone: put it back, or have one written with fresh secrets",
        cause="environment.file",
        hint=f"opsctl up --env {name}",
    )


def remembered(project: Path) -> str | None:
    link = project / MEMORY
    if not link.is_symlink():
        return None
    return str(link.readlink()).removeprefix(f"{MEMORY}.")


def remember(project: Path, name: str) -> None:
    """From now on the folder runs as this environment. Refuses to replace a `.env` that is not ours."""
    link = project / MEMORY
    if link.exists() and not link.is_symlink():
        raise _foreign_file(project)
    fresh = project / f"{MEMORY}.link"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(file_of(project, name).name)
    fresh.replace(link)


def file_of(project: Path, name: str) -> Path:
    return project / f"{MEMORY}.{name}"


def values_of(project: Path, name: str) -> Mapping[str, str]:
    """The keys of the environment's file, overlaid by this process's own environment as compose does."""
    file = file_of(project, name)
    in_file = read(file) if file.exists() else {}
    if in_file.get("APP_ENV") not in (None, "", name):
        raise NotReady(
            f"{file.name} is of another environment: its APP_ENV is not {name}",
            cause="environment.file",
            hint=f"edit {file}",
        )
    known = {*in_file, *read(project / EXAMPLE)} if (project / EXAMPLE).exists() else set(in_file)
    return {**in_file, **{key: os.environ[key] for key in known if key in os.environ}, "APP_ENV": name}


def read(file: Path) -> dict[str, str]:
    """The keys and values of one environment file. Raises NotReady when it cannot be read."""
    from dotenv.parser import parse_stream

    try:
        with file.open(encoding="utf-8-sig") as stream:
            found = list(parse_stream(stream))
    except OSError as error:
        raise NotReady(
            f"{file.name} cannot be read: {error.strerror}", cause="environment.file", hint=f"ls -l {file}"
        ) from None
    except UnicodeDecodeError:
        raise NotReady(f"{file.name} is not UTF-8", cause="environment.file", hint=f"edit {file}") from None
    for one in found:
        if one.error:
            raise NotReady(
                f"line {one.original.line} of {file.name} is not KEY=VALUE",
                cause="environment.file",
                hint=f"edit {file}",
            )
    return {one.key: one.value or "" for one in found if one.key}


def write_fresh(project: Path, name: str) -> Path:
    """Write the environment's file from the example, mode 0600, with fresh secrets; never over one that is there."""
    file = file_of(project, name)
    lines = [_filled(line, name) for line in (project / EXAMPLE).read_text(encoding="utf-8").splitlines()]
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as target:
        target.write("\n".join(lines) + "\n")
    return file


def _unknown(project: Path) -> NotReady:
    """The hint is what this folder has a file for."""
    name = next((name for name in NAMES if file_of(project, name).exists()), NAMES[0])
    return NotReady(
        "this folder does not know which environment it runs as",
        cause="environment.unknown",
        hint=f"opsctl up --env {name}",
    )


def _foreign_file(project: Path) -> Refused:
    """Where `sed -i` took the link for the file, for example."""
    link = project / MEMORY
    name = read(link).get("APP_ENV") or NAMES[0]
    return Refused(
        f"{link} is a file of its own, not our link to the environment's file",
        cause="environment.file",
        hint=f"mv -i {link} {file_of(project, name)}",
    )


def _filled(line: str, name: str) -> str:
    key = line.partition("=")[0]
    if key == "APP_ENV":
        return f"{key}={name}"
    return f"{key}={secrets.token_urlsafe(36)}" if key in FRESH_SECRETS else line
