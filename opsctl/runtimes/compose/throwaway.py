"""A database and a role for one run of tests, on the server of the live database and without rights to it."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from opsctl.databases import Place
from opsctl.databases.postgres import psql
from opsctl.errors import Refused

PREFIX = "app_test_"
OWNER_LENGTH = 30  # names in PostgreSQL end after 63 bytes


@dataclass(frozen=True)
class Throwaway:
    name: str  # of the database and of the role that owns it
    password: str = field(repr=False)

    def url(self, live_url: str, live: Place) -> str:
        """The service's own URL with this database and role in it. Raises Refused should it still be the live one."""
        at = urlsplit(live_url)
        if at.path.strip("/") != live.name or self.name == live.name:
            raise Refused(
                "the container's DATABASE_URL is not the one opsctl knows",
                cause="test.live_database",
                hint="opsctl up",
            )
        host = at.netloc.rpartition("@")[2]
        return urlunsplit(at._replace(netloc=f"{self.name}@{host}", path=f"/{self.name}"))


@contextmanager
def database(live: Place, project: str) -> Iterator[Throwaway]:
    """Gone when the block ends, with every database its role made; what killed runs left goes first.

    The role may create databases and nothing else: a test that names the live one is refused by the server.
    The caller holds the lock that keeps a second run of this project away.
    """
    if live.kind != "postgresql":
        raise Refused("the service has no PostgreSQL server", cause="test.database", hint="look at DATABASE_URL")
    prefix = f"{PREFIX}{re.sub(r'[^a-z0-9]', '_', project)[:OWNER_LENGTH]}_"
    for left in _roles(live, prefix):
        _remove(live, left)
    made = Throwaway(prefix + secrets.token_hex(4), secrets.token_urlsafe(24))
    role = psql.identifier(made.name)
    psql.script(live, f"CREATE ROLE {role} LOGIN CREATEDB PASSWORD {psql.literal(made.password)};")
    try:
        psql.script(live, f"GRANT {role} TO CURRENT_USER; CREATE DATABASE {role} OWNER {role};")
        yield made
    finally:
        _remove(live, made.name)


def _roles(live: Place, prefix: str) -> list[str]:
    listed = psql.script(live, "SELECT rolname FROM pg_roles")
    return [name for name in listed.splitlines() if name.startswith(prefix)]


def _remove(live: Place, role: str) -> None:
    """First nobody can come in as the role, then what it owns goes: a test that still runs cannot make more."""
    psql.script(live, f"ALTER ROLE {psql.identifier(role)} NOLOGIN;")
    listed = psql.script(live, "SELECT pg_get_userbyid(datdba) || ' ' || datname FROM pg_database")
    owned = [line.partition(" ")[2] for line in listed.splitlines() if line.partition(" ")[0] == role]
    for name in owned:
        psql.script(live, f"DROP DATABASE IF EXISTS {psql.identifier(name)} WITH (FORCE);")
    psql.script(live, f"DROP ROLE IF EXISTS {psql.identifier(role)};")
