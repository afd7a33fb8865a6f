"""Where a DATABASE_URL points."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from opsctl import environment
from opsctl.databases import Place
from opsctl.errors import NotReady


def place_of(url: str, project: Path) -> Place:
    """Read sqlite:///PATH (relative to the project) and postgresql+psycopg://USER:PASSWORD@HOST:PORT/NAME.

    Raises NotReady for any other; the message never holds the URL, because a password may be in it.
    """
    kind = url.partition(":")[0].partition("+")[0]
    if kind == "sqlite":
        return _sqlite(url, project)
    if kind == "postgresql":
        return _postgres(url, project)
    raise _wrong("must begin with sqlite:/// or postgresql+psycopg://", project)


def _sqlite(url: str, project: Path) -> Place:
    path = urlsplit(url).path.removeprefix("/")
    if not path or path == ":memory:":
        raise _wrong("must name a file: an SQLite database in memory cannot be shared or backed up", project)
    file = project / path
    return Place(kind="sqlite", name=file.name, file=file)


def _postgres(url: str, project: Path) -> Place:
    try:
        at = urlsplit(url)
        port = at.port or 5432
    except ValueError:
        raise _wrong(
            "has a part that is not understood; special characters in the password are written as %XX", project
        ) from None
    name = unquote(at.path.removeprefix("/"))
    if not (at.hostname and name):
        raise _wrong("must name a host and a database", project)
    password = unquote(at.password or "") or os.environ.get("PGPASSWORD", "")
    return Place(
        kind="postgresql",
        name=name,
        user=unquote(at.username or "") or "postgres",
        host=at.hostname,
        port=port,
        secrets={"PGPASSWORD": password} if password else {},
    )


def _wrong(why: str, project: Path) -> NotReady:
    """Not `.env`: many editors put a file in the place of a link."""
    file = ".".join(filter(None, (environment.MEMORY, environment.remembered(project))))
    return NotReady(f"DATABASE_URL {why}", cause="environment.value", hint=f"edit DATABASE_URL in {file}")
