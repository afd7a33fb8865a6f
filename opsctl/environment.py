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
        raise NotReady(
            "this folder does not know which environment it runs as",
            cause="environment.unknown",
            hint="opsctl up --env development",
        )
    if name not in NAMES:
        raise NotReady(
            f"there is no environment {name!r}", cause="environment.unknown", hint=f"choose one of {', '.join(NAMES)}"
        )
    return name


def remembered(project: Path) -> str | None:
    link = project / MEMORY
    if not link.is_symlink():
        return None
    return str(link.readlink()).removeprefix(f"{MEMORY}.")


def remember(project: Path, name: str) -> None:
    """From now on the folder runs as this environment. Refuses to replace a `.env` that is not ours."""
    link = project / MEMORY
    if link.exists() and not link.is_symlink():
        raise Refused(
            f"{link} is a file of its own",
            cause="environment.file",
            hint=f"mv {link} {file_of(project, name)}",
        )
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
    known = {*in_file, *read(project / EXAMPLE)} if (project / EXAMPLE).exists() else set(in_file)
    return {**in_file, **{key: os.environ[key] for key in known if key in os.environ}, "APP_ENV": name}


def read(file: Path) -> dict[str, str]:
    """The keys and values of one environment file. Raises NotReady when it cannot be read."""
    from dotenv import dotenv_values

    try:
        found = dotenv_values(file, interpolate=False, encoding="utf-8-sig")
    except OSError as error:
        raise NotReady(
            f"{file.name} cannot be read: {error.strerror}", cause="environment.file", hint=f"ls -l {file}"
        ) from None
    except UnicodeDecodeError:
        raise NotReady(f"{file.name} is not UTF-8", cause="environment.file", hint=f"edit {file}") from None
    return {key: value or "" for key, value in found.items()}


def write_fresh(project: Path, name: str) -> Path:
    """Write the environment's file from the example, mode 0600, with fresh secrets; never over one that is there."""
    file = file_of(project, name)
    lines = [_filled(line, name) for line in (project / EXAMPLE).read_text(encoding="utf-8").splitlines()]
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as target:
        target.write("\n".join(lines) + "\n")
    return file


def _filled(line: str, name: str) -> str:
    key = line.partition("=")[0]
    if key == "APP_ENV":
        return f"{key}={name}"
    return f"{key}={secrets.token_urlsafe(36)}" if key in FRESH_SECRETS else line
