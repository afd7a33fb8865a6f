"""What pyproject.toml asks for and what requirements.txt pins."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from opsctl.errors import NotReady

PYPROJECT = "pyproject.toml"
LOCK = "requirements.txt"
# Where containers run; the machine opsctl runs on may differ.
CONTAINER = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}


@dataclass(frozen=True)
class Pin:
    """One entry of the lock. `version` is empty when the line does not say ==."""

    name: str
    version: str
    has_hash: bool
    line: int
    applies: bool  # whether its marker is true on Linux, where the services run


def of_pyproject(project: Path) -> Mapping[str, Requirement]:
    """Requirements of the project itself by normalised name, those of other platforms left out.

    Raises NotReady when the file is missing or does not make sense.
    """
    try:
        document = tomllib.loads((project / PYPROJECT).read_text(encoding="utf-8"))
        listed = [Requirement(text) for text in document["project"].get("dependencies", [])]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, InvalidRequirement, KeyError, TypeError) as error:
        raise _unreadable(project / PYPROJECT, error) from None
    return {str(canonicalize_name(one.name)): one for one in listed if _applies(one)}


def of_lock(project: Path) -> Mapping[str, Pin]:
    """The entries of requirements.txt by normalised name. Raises NotReady when it is missing or not a lock."""
    file = project / LOCK
    try:
        return {pin.name: pin for pin in pins_of(file.read_text(encoding="utf-8"))}
    except (OSError, UnicodeDecodeError, InvalidRequirement) as error:
        raise _unreadable(file, error) from None


def pins_of(text: str) -> Iterator[Pin]:
    """Entries of a requirements file; raises InvalidRequirement for a line that is not one."""
    for number, entry in _entries(text):
        if entry.startswith("-"):  # --index-url and its like
            continue
        words, *options = re.split(r"\s+(?=--)", entry)
        requirement = Requirement(words.partition(" #")[0].strip())
        exact = re.fullmatch(r"={2,3}\s*([^*\s]+)", str(requirement.specifier))
        yield Pin(
            name=str(canonicalize_name(requirement.name)),
            version=exact[1] if exact else "",
            has_hash=any(option.startswith("--hash=") for option in options),
            line=number,
            applies=_applies(requirement),
        )


def is_satisfied(requirement: Requirement, version: str) -> bool:
    """Whether a version is one that the requirement allows."""
    try:
        return requirement.specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return False


def _entries(text: str) -> Iterator[tuple[int, str]]:
    """Logical lines with the number of their first line: a backslash joins, a comment is dropped."""
    begun, parts = 0, list[str]()
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if stripped.startswith("#"):
            continue
        begun = begun if parts else number
        parts.append(stripped.removesuffix("\\").strip())
        if not stripped.endswith("\\"):
            if entry := " ".join(part for part in parts if part):
                yield begun, entry
            parts = []
    if entry := " ".join(part for part in parts if part):
        yield begun, entry


def _applies(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(CONTAINER)


def _unreadable(file: Path, error: Exception) -> NotReady:
    return NotReady(
        f"{file.name} cannot be read: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
        cause="deps.file",
        hint=f"look at {file}",
    )
