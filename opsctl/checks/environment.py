"""The environment file: there, private, each key once, and no key that nobody reads."""

import os
import re
import stat
from collections import defaultdict
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from opsctl import environment, process
from opsctl.checks.context import Context
from opsctl.checks.finding import Finding, error, info, ok, warning
from opsctl.errors import NotReady

# Keys that have a default and are therefore not in the example.
OPTIONAL = (
    "API_HOST",
    "APP_GID",
    "APP_UID",
    "COMPOSE_PROJECT_NAME",
    "HEARTBEAT_DIR",
    "LAME_DUCK_SECONDS",
    "LOG_DIR",
    "OPSCTL_PROJECT",
)
_KEY = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=")


def look(context: Context) -> list[Finding]:
    settings = context.settings
    file = settings.env_file
    found = [*of_file(file), *of_secrecy(file)]
    if not any(one.level == "error" for one in found):
        found += of_keys(file, context.project / environment.EXAMPLE)
        found += of_overrides(file)
    if all(one.level == "info" for one in found):
        found.insert(0, ok(f"{settings.environment}, {file.name}"))
    return found


def of_file(file: Path) -> Iterator[Finding]:
    """It is a file that can be read."""
    name = file.name.removeprefix(".env.")
    if not os.path.lexists(file):
        yield error(f"{file.name} is missing", f"opsctl up --env {name}")
        return
    if not stat.S_ISREG(file.lstat().st_mode):
        yield error(f"{file.name} is not a regular file", f"ls -l {file}")
        return
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        yield error(f"{file.name} cannot be read: {type(problem).__name__}", f"ls -l {file}")
        return
    if not text.strip():
        yield error(f"{file.name} is empty", f"cp {environment.EXAMPLE} {file.name}, and fill it in")


def of_secrecy(file: Path) -> Iterator[Finding]:
    """Only its owner reads it, and git does not know it."""
    try:
        found = file.lstat()
    except OSError:
        return
    if stat.S_ISREG(found.st_mode) and found.st_mode & 0o077:
        yield warning(
            f"{file.name} has mode {stat.S_IMODE(found.st_mode):04o}: others may read it", f"chmod 600 {file}"
        )
    if found.st_uid not in (os.geteuid(), 0):
        yield warning(f"{file.name} belongs to another user", f"sudo chown {os.geteuid()} {file}")
    if is_tracked(file):
        yield warning(f"{file.name} is tracked by git: its secrets are in the history", f"git rm --cached {file.name}")


def is_tracked(file: Path) -> bool:
    """False too where there is no git, or no repository."""
    try:
        done = process.attempt(
            ("git", "-C", str(file.parent), "ls-files", "--error-unmatch", "--", file.name), timeout_s=5, quiet=True
        )
    except NotReady:
        return False
    return done.status == 0


def of_keys(file: Path, example: Path) -> Iterator[Finding]:
    """Each key once, and none that nobody reads."""
    lines = defaultdict(list)
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if found := _KEY.match(line):
            lines[found[1]].append(number)
    for key, numbers in lines.items():
        if len(numbers) > 1:
            told = ", ".join(map(str, numbers))
            yield warning(f"{key} stands in lines {told} of {file.name}: the last one counts", f"edit {file.name}")
    known = {*environment.read(example), *OPTIONAL} if example.exists() else set(lines)
    for key in sorted(set(lines) - known):
        near = get_close_matches(key, known, n=1)
        yield warning(
            f"nobody reads {key}{f': did you mean {near[0]}?' if near else ''}",
            f"edit line {lines[key][0]} of {file.name}",
        )


def of_overrides(file: Path) -> Iterator[Finding]:
    """What this shell says instead of the file; it reaches what is started from here, and nothing else."""
    in_file = environment.read(file)
    changed = sorted(key for key, value in in_file.items() if key in os.environ and os.environ[key] != value)
    if changed:
        yield info(f"this shell overrides {', '.join(changed)} of {file.name}", f"unset {' '.join(changed)}")
