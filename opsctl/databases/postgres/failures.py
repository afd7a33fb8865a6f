"""What PostgreSQL's programs say when they fail, and which failure of ours it is."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from opsctl.databases import Place
from opsctl.errors import NotReady, OpsctlError

KILLED_IN_CONTAINER = 128


@dataclass(frozen=True)
class Meaning:
    pattern: str
    kind: type[OpsctlError]
    cause: str
    hint: str


# The first that fits; the order is from what is said by few failures to what is said by many.
MEANINGS = (
    Meaning(r"No such container|is not running|is paused", NotReady, "db.unreachable", "opsctl up"),
    Meaning(r"Cannot connect to the Docker daemon|docker\.sock", NotReady, "docker.unreachable", "opsctl doctor"),
    Meaning(r"executable file not found|no such file or directory: unknown", NotReady, "tool.missing", "opsctl doctor"),
    Meaning(
        r"password authentication failed|no password supplied|authentication failed|no pg_hba\.conf entry"
        r"|FATAL: +role \"[^\"]*\" (does not exist|is not permitted to log in)",
        NotReady,
        "db.auth",
        "look at the database's user and password in .env",
    ),
    Meaning(r"FATAL: +database \"[^\"]*\" does not exist", NotReady, "db.missing", "opsctl up"),
    Meaning(
        r"too many clients|remaining connection slots|too many connections",
        NotReady,
        "db.connections",
        "wait a moment and type the same again",
    ),
    Meaning(
        r"not currently accepting connections",
        NotReady,
        "db.closed",
        "opsctl db backup   (any changing command opens it again after an interrupted swap)",
    ),
    Meaning(
        r"could not connect|[Cc]onnection refused|could not translate host name|timeout expired|starting up"
        r"|shutting down|No route to host|Network is unreachable|connection to server.*failed",
        NotReady,
        "db.unreachable",
        "opsctl doctor",
    ),
    Meaning(r"server version mismatch|unsupported version", NotReady, "tool.version", "install the newer client"),
    Meaning(r"No space left on device|could not extend file|Disk quota", OpsctlError, "disk.full", "df -h"),
    Meaning(r"File too large", OpsctlError, "disk.limit", "ulimit -f"),
    Meaning(r"permission denied for", NotReady, "db.permission", "give the database's user the right it misses"),
    Meaning(
        r"lock timeout|statement timeout|could not obtain lock",  # pg_dump waits for tables with a statement timeout
        NotReady,
        "db.locked",
        "wait for the one that holds the table, or raise [backup] lock_wait_s",
    ),
    Meaning(
        r"server closed the connection|terminating connection|connection to server was lost|unexpected EOF",
        OpsctlError,
        "db.connection_lost",
        "opsctl doctor",
    ),
)
ANY_OTHER = Meaning("", OpsctlError, "db.failed", "opsctl doctor")


def failure_of(place: Place, program: str, status: int, stderr: str) -> OpsctlError:
    """One line that says what happened and where, the cause, and the next thing to type."""
    killed = -status if status < 0 else status - KILLED_IN_CONTAINER if place.prefix and status > 128 else 0
    if killed and not _meaning(stderr):
        return OpsctlError(f"{program} died (signal {killed})", cause="program.killed", hint="opsctl doctor")
    meaning = _meaning(stderr) or ANY_OTHER
    said = _first_cause(stderr, meaning.pattern) or f"{program} ended with status {status}"
    return meaning.kind(f"{place.user}@{place.where}: {said}", cause=meaning.cause, hint=meaning.hint)


def _meaning(stderr: str) -> Meaning | None:
    return next((meaning for meaning in MEANINGS if re.search(meaning.pattern, stderr)), None)


def _first_cause(stderr: str, pattern: str) -> str:
    """The line that says why: the one that fits, else the first that says error."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    fits: tuple[Callable[[str], object], ...] = (
        lambda line: pattern and re.search(pattern, line),
        lambda line: re.search(r"error|FATAL", line, re.IGNORECASE),
        bool,
    )
    for is_it in fits:
        for line in lines:
            if is_it(line):
                return re.sub(r"^(psql|pg_dump|pg_restore)(:<stdin>:\d+)?: (error: )?", "", line)
    return ""
