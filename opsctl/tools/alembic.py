"""The migrations of the project, read from their files: neither Alembic nor the app has to be importable."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from opsctl.errors import NotReady

FOLDER = Path("migrations") / "versions"


@dataclass(frozen=True)
class Revision:
    """One migration file. `down` names the revisions it builds on: none for the first, two for a merge."""

    id: str
    down: tuple[str, ...]
    title: str  # the first line of the file's docstring
    file: Path


def head(project: Path) -> str:
    """The revision the code wants. Raises NotReady when there is none, or more than one."""
    ordered = revisions(project)
    built_on = {down for revision in ordered for down in revision.down}
    heads = [revision.id for revision in ordered if revision.id not in built_on]
    if len(heads) == 1:
        return heads[0]
    if not heads:
        raise NotReady(f"no migration in {FOLDER}", cause="migrate.no_head", hint=f"ls {project / FOLDER}")
    raise NotReady(
        f"the migrations have {len(heads)} heads: {', '.join(heads)}",
        cause="migrate.heads",
        hint="python -m alembic merge heads",
    )


def revisions(project: Path) -> list[Revision]:
    """Every migration, each after those it builds on. Raises NotReady for an unreadable file or a broken link."""
    found = {revision.id: revision for revision in _read_all(project / FOLDER)}
    for revision in found.values():
        for down in revision.down:
            if down not in found:
                raise _broken(revision.file, f"builds on {down}, which no file here has")
    try:
        order = TopologicalSorter({revision.id: revision.down for revision in found.values()}).static_order()
        return [found[name] for name in order]
    except CycleError:
        raise NotReady(
            "the migrations build on each other in a circle", cause="migrate.files", hint=f"look at {project / FOLDER}"
        ) from None


def pending(project: Path, current: str | None) -> list[Revision]:
    """What `upgrade head` would run on a database at `current` (None: an empty one), in order.

    Raises NotReady for a revision that no file here has: the database belongs to other code.
    """
    ordered = revisions(project)
    by_id = {revision.id: revision for revision in ordered}
    if current is not None and current not in by_id:
        raise NotReady(
            f"the database is at revision {current}, which this code does not know",
            cause="migrate.unknown_revision",
            hint="check out the code that made it, or opsctl db restore",
        )
    done: set[str] = set()
    open_ends = [current] if current else []
    while open_ends:
        done.add(name := open_ends.pop())
        open_ends.extend(by_id[name].down)
    return [revision for revision in ordered if revision.id not in done]


def _read_all(folder: Path) -> Iterator[Revision]:
    seen: dict[str, Path] = {}
    for file in sorted(folder.glob("*.py")):
        revision = _read(file)
        if revision is None:
            continue
        if revision.id in seen:
            raise _broken(file, f"has the same revision as {seen[revision.id].name}")
        seen[revision.id] = file
        yield revision


def _read(file: Path) -> Revision | None:
    """None for a file without a `revision`, which Alembic ignores as well."""
    try:
        module = ast.parse(file.read_text(encoding="utf-8"))
        names = dict(_assignments(module))
        name, down = names.get("revision"), names.get("down_revision")
    except (OSError, SyntaxError, UnicodeDecodeError, ValueError) as error:
        raise _broken(file, f"cannot be read: {type(error).__name__}") from None
    if not isinstance(name, str):
        return None
    title = (ast.get_docstring(module) or file.stem).splitlines()[0]
    return Revision(id=name, down=_as_tuple(down), title=title, file=file)


def _assignments(module: ast.Module) -> Iterator[tuple[str, object]]:
    for node in module.body:
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
        elif isinstance(node, ast.AnnAssign) and node.value:
            target, value = node.target, node.value
        else:
            continue
        if isinstance(target, ast.Name) and target.id in ("revision", "down_revision"):
            yield target.id, ast.literal_eval(value)


def _as_tuple(down: object) -> tuple[str, ...]:
    if down is None:
        return ()
    return (down,) if isinstance(down, str) else tuple(str(one) for one in down)  # type: ignore[attr-defined]


def _broken(file: Path, what: str) -> NotReady:
    return NotReady(f"{file.name} {what}", cause="migrate.files", hint=f"look at {file}")
