"""Talk to a PostgreSQL server through its own programs, here or in its container."""

import json
import os
import re
import select
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from subprocess import Popen
from time import monotonic
from typing import Any

from opsctl import process
from opsctl.databases import Place
from opsctl.databases.postgres.failures import failure_of
from opsctl.errors import NotReady, OpsctlError

APPLICATION = "opsctl"  # how our sessions are told from others, after a kill too
MAINTENANCE_DATABASE = "postgres"
CONNECT_TIMEOUT_S = 10
# -X: no .psqlrc; -A -t -q: nothing but what is asked for; -w: never wait for a password to be typed
PSQL = ("psql", "-X", "-A", "-t", "-q", "-w", "-v", "ON_ERROR_STOP=1")
# Messages we can read, names as they are, and row texts that do not depend on who asks.
ENVIRONMENT = {"LC_ALL": "C", "PGCLIENTENCODING": "UTF8"}
SAME_TEXT_EVERYWHERE = (
    "SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'postgres'; "
    "SET extra_float_digits = 1; SET bytea_output = 'hex';"
)


def query(place: Place, sql: str, *, database: str | None = None, timeout_s: float = 60) -> Any:
    """Run statements of our own, of which the last gives one row with one JSON value (or no row: None)."""
    output = script(place, sql, database=database, timeout_s=timeout_s)
    lines = [line for line in output.splitlines() if line]
    return json.loads(lines[-1]) if lines else None


def script(place: Place, sql: str, *, database: str | None = None, timeout_s: float = 60) -> str:
    """Run statements of our own and return what they print; the first error ends it."""
    argv = words(place, *PSQL, "-d", connection(place, database), "-f", "-")
    return run(place, argv, stdin=sql.encode(), timeout_s=timeout_s, quiet=True)


def run(place: Place, argv: Sequence[str], *, stdin: bytes | None = None, timeout_s: float, quiet: bool = False) -> str:
    """Run one of the server's programs to its end; its failure becomes one of ours, with a cause."""
    done = process.attempt(argv, secrets=environment(place), stdin=stdin, timeout_s=timeout_s, quiet=quiet)
    if done.status != 0:
        raise failure_of(place, program_in(place, argv), done.status, done.stderr)
    return done.stdout


class Session:
    """A psql that is held open: statements go in, lines of JSON come out in their order."""

    def __init__(self, place: Place, child: "Popen[str]") -> None:
        self._place, self._child = place, child

    def send(self, sql: str) -> None:
        assert self._child.stdin  # a pipe
        try:
            self._child.stdin.write(sql + "\n")
            self._child.stdin.flush()
        except BrokenPipeError:
            raise self._failure() from None

    def receive(self, timeout_s: float) -> Any:
        """The next line (None for NULL); whatever is wrong with the session shows here."""
        assert self._child.stdout  # a pipe
        deadline = monotonic() + timeout_s
        line = ""
        while not line.endswith("\n"):
            ready, _, _ = select.select([self._child.stdout], [], [], max(0, deadline - monotonic()))
            if not ready:
                raise OpsctlError(
                    f"{self._place.where} did not answer within {timeout_s:g} seconds",
                    cause="db.timeout",
                    hint="opsctl doctor",
                )
            part = os.read(self._child.stdout.fileno(), 1).decode("latin-1")
            if not part:
                raise self._failure()
            line += part
        return json.loads(line.encode("latin-1")) if line.strip() else None

    def why_it_ended(self) -> OpsctlError | None:
        """The failure that ended the session; None while it lives."""
        return self._failure() if self._child.poll() is not None else None

    def _failure(self) -> OpsctlError:
        assert self._child.stderr  # a pipe
        status = self._child.wait(timeout=CONNECT_TIMEOUT_S)
        return failure_of(self._place, "psql", status, self._child.stderr.read())


@contextmanager
def session(place: Place, database: str | None = None) -> Iterator[Session]:
    argv = words(place, *PSQL, "-d", connection(place, database))
    with process.conversation(argv, secrets=environment(place)) as child:
        yield Session(place, child)


def words(place: Place, *argv: str, run_as: Path | None = None) -> tuple[str, ...]:
    """The words that run a program where the server's programs are.

    In a container it gets our variables by name, so that no value is in any argv, and runs as the owner of
    `run_as`, a folder of this machine, so that what it writes there belongs to that owner.
    """
    if place.prefix[:2] != ("docker", "exec"):
        return (*place.prefix, *argv)
    variables = [word for name in environment(place) for word in ("-e", name)]
    owner: tuple[str, ...] = ()
    if run_as:
        folder = run_as.stat()
        owner = ("-u", f"{folder.st_uid}:{folder.st_gid}")
    return ("docker", "exec", *variables, *owner, *place.prefix[2:], *argv)


def program_in(place: Place, argv: Sequence[str]) -> str:
    """Which of the server's programs these words run."""
    return argv[argv.index(place.prefix[-1]) + 1] if place.prefix else argv[0]


def connection(place: Place, database: str | None = None) -> str:
    """Where to connect, without the password: everybody can read argv."""
    said = {
        "host": place.host,
        "port": str(place.port),
        "user": place.user,
        "dbname": database or place.name,
        "application_name": APPLICATION,
        "connect_timeout": str(CONNECT_TIMEOUT_S),
    }
    return " ".join(f"{key}={_quoted(value)}" for key, value in said.items() if value)


def environment(place: Place) -> Mapping[str, str]:
    return {**place.secrets, **ENVIRONMENT}


def seen_by_programs(place: Place, path: Path) -> str:
    """A path of this machine as the server's programs see it. Raises NotReady when they cannot."""
    if not place.prefix:
        return str(path)
    for folder, inside in place.folders.items():
        if path.is_relative_to(folder):
            return str(PurePosixPath(inside) / path.relative_to(folder))
    raise NotReady(
        f"the programs in {place.prefix[-1]} cannot see {path}",
        cause="backup.folder",
        hint="mount the backup folder into the database's container",
    )


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _quoted(value: str) -> str:
    if re.fullmatch(r"[\w.:/-]+", value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
