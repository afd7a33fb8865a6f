"""Where the database's schema stands beside the code's migrations."""

from dataclasses import dataclass
from pathlib import Path

from opsctl.databases import Place, asking
from opsctl.databases.asking import Question
from opsctl.errors import NotReady, OpsctlError
from opsctl.tools import alembic

# What the code and the database say does not fit together; until a person has decided, nothing may be changed.
UNDECIDED = ("migrate.heads", "migrate.no_head", "migrate.files", "migrate.unknown_revision", "migrate.many_revisions")

_REVISIONS = {"revisions": Question("alembic_version", "SELECT version_num FROM alembic_version ORDER BY 1")}


@dataclass(frozen=True)
class Step:
    revision: str
    summary: str


@dataclass(frozen=True)
class Schema:
    """`current` is None before the first migration. `problem` says why nobody can tell what is pending."""

    current: str | None
    head: str | None
    pending: tuple[Step, ...]
    problem: OpsctlError | None = None

    @property
    def is_current(self) -> bool:
        return self.problem is None and not self.pending


def read(project: Path, place: Place) -> Schema:
    """Raises NotReady when the database does not answer. A database that is not there yet is an empty one."""
    found = revisions_in(place)
    current = ", ".join(found) or None
    try:
        if len(found) > 1:
            raise _many(found)
        pending = alembic.pending(project, current)
        head = alembic.head(project)
    except OpsctlError as error:
        if error.cause not in UNDECIDED:
            raise
        return Schema(current, _head(project), (), error)
    return Schema(current, head, tuple(Step(one.id, one.title) for one in pending))


def revisions_in(place: Place) -> list[str]:
    """What alembic_version holds: nothing in a new database, more than one row after a branch."""
    if place.kind == "sqlite" and place.file and not place.file.exists():
        return []
    rows = asking.ask(place, _REVISIONS)["revisions"] or ()
    return [str(row["version_num"]) for row in rows]


def _head(project: Path) -> str | None:
    try:
        return alembic.head(project)
    except NotReady:
        return None


def _many(found: list[str]) -> NotReady:
    return NotReady(
        f"the database is at {len(found)} revisions at once: {', '.join(found)}",
        cause="migrate.many_revisions",
        hint="python -m alembic merge heads",
    )
