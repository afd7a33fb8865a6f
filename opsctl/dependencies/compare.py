"""The gaps between what is imported, declared, locked and installed, each with the command that closes it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from packaging.requirements import Requirement
from packaging.utils import canonicalize_version

from opsctl.dependencies.declared import LOCK, PYPROJECT, Pin, is_satisfied
from opsctl.dependencies.imports import Import
from opsctl.dependencies.names import packages_of

RELOCK = "make lock && opsctl rebuild"
BROUGHT_BY_THE_IMAGE = {"pip", "setuptools", "wheel"}


@dataclass(frozen=True)
class Gap:
    """`where` is the side that lacks the package: a file, or a place where it should be installed."""

    package: str
    where: str
    command: str
    message: str


@dataclass(frozen=True)
class Note:
    """Worth knowing, nothing to close."""

    package: str
    where: str
    message: str


@dataclass(frozen=True)
class Installed:
    """What one place really has, by normalised name, and the command that installs the lock there."""

    where: str
    packages: Mapping[str, str]
    command: str
    is_ours_alone: bool = True  # nobody else's packages are expected there


@dataclass(frozen=True)
class Sides:
    imports: Iterable[Import]
    declared: Mapping[str, Requirement]
    locked: Mapping[str, Pin]
    installed: tuple[Installed, ...] = field(default=())


def gaps(sides: Sides) -> list[Gap]:
    """Each package is named at the first side that lacks it: closing that one closes those behind it."""
    found: dict[tuple[str, str], Gap] = {}
    for gap in (*_undeclared(sides), *_unlocked(sides), *_bad_pins(sides), *_not_installed(sides)):
        found.setdefault((gap.package, gap.where), gap)
    return sorted(found.values(), key=lambda gap: (gap.where not in (PYPROJECT, LOCK), gap.where, gap.package))


def notes(sides: Sides) -> list[Note]:
    """Packages that are there by luck: brought along by others, or installed by hand."""
    return [*_transitive(sides), *_by_hand(sides)]


def _undeclared(sides: Sides) -> Iterator[Gap]:
    for one, packages in _imported(sides):
        if not any(name in sides.declared or name in sides.locked for name in packages):
            message = f"{one.place} imports {one.module}, and nothing declares its package"
            command = f'add "{packages[0]}" to dependencies in {PYPROJECT}, then {RELOCK}'
            yield Gap(packages[0], PYPROJECT, command, message)


def _unlocked(sides: Sides) -> Iterator[Gap]:
    users = {name: one for one, packages in _imported(sides) for name in packages}
    for name in sides.declared:
        if name not in sides.locked:
            used = f", {users[name].place} imports it" if name in users else ""
            yield Gap(name, LOCK, RELOCK, f"declared in {PYPROJECT}{used}, but no image would install it")


def _bad_pins(sides: Sides) -> Iterator[Gap]:
    for pin in sides.locked.values():
        wanted = sides.declared.get(pin.name)
        if not pin.version:
            yield Gap(pin.name, LOCK, RELOCK, f"line {pin.line} does not pin a version with ==")
        elif not pin.has_hash:
            yield Gap(pin.name, LOCK, RELOCK, f"line {pin.line} has no --hash: images refuse it")
        elif wanted and not is_satisfied(wanted, pin.version):
            yield Gap(pin.name, LOCK, RELOCK, f"{pin.version} is locked, {PYPROJECT} wants {wanted.specifier}")


def _not_installed(sides: Sides) -> Iterator[Gap]:
    for place in sides.installed:
        for pin in sides.locked.values():
            version = place.packages.get(pin.name)
            if not pin.applies or (version is not None and _is_same(version, pin.version)):
                continue
            message = f"{pin.version} is locked, {version or 'nothing'} is installed"
            yield Gap(pin.name, place.where, place.command, message)


def _transitive(sides: Sides) -> Iterator[Note]:
    seen: set[str] = set()
    for one, packages in _imported(sides):
        name = packages[0]
        if any(package in sides.declared for package in packages) or name not in sides.locked or name in seen:
            continue
        seen.add(name)
        yield Note(name, PYPROJECT, f"{one.place} imports {one.module}; it is locked only because others need it")


def _by_hand(sides: Sides) -> Iterator[Note]:
    for place in sides.installed:
        if place.is_ours_alone:
            for name in sorted(set(place.packages) - set(sides.locked) - BROUGHT_BY_THE_IMAGE):
                yield Note(name, place.where, f"{place.packages[name]} is installed, but not locked")


def _imported(sides: Sides) -> list[tuple[Import, tuple[str, ...]]]:
    known = {*sides.declared, *sides.locked}
    return [(one, packages_of(one.module, known)) for one in sides.imports]


def _is_same(installed: str, locked: str) -> bool:
    return canonicalize_version(installed) == canonicalize_version(locked)  # 1.0 and 1.0.0
