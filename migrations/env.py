"""Runs migrations: all pending ones in one transaction, one runner at a time, on both databases."""

import os
import sys
from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, text

from app import models
from app.db import make_engine, sqlite_file
from app.errors import NotReady
from app.models.table import Moment
from app.settings import load_settings

# Any number, as long as nothing else in this database uses it.
MIGRATION_LOCK = 7_205_759_403
WAIT_FOR_TABLE_MS = 2_000


def database_url() -> str:
    """DATABASE_URL alone is enough: opsctl migrates databases that are not the service's own."""
    try:
        return os.environ.get("DATABASE_URL") or load_settings().database_url.get_secret_value()
    except NotReady as error:
        print(error, file=sys.stderr)  # noqa: T201
        raise SystemExit(error.exit_code) from None


def wait_for_table_ms() -> int:
    """`alembic -x lock_timeout_ms=500 upgrade head` says how long a migration may make the service wait."""
    return int(context.get_x_argument(as_dictionary=True).get("lock_timeout_ms", WAIT_FOR_TABLE_MS))


def migrate(url: str) -> None:
    before = os.umask(0o077)  # a database file that is made here is for its owner only
    engine = make_engine(url, statement_timeout_ms=0)
    if file := sqlite_file(url):
        file.touch()  # only a migration makes a database
    try:
        with engine.connect() as connection:
            _migrate(connection)
    finally:
        engine.dispose()
        os.umask(before)


def _migrate(connection: Connection) -> None:
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        # Batch mode drops and renames tables: with keys enforced, dropping a parent deletes its children.
        # Outside a transaction, because inside one SQLite ignores it.
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys = OFF")
        driver.execute("PRAGMA busy_timeout = 30000")
    configure(connection=connection)
    with context.begin_transaction():
        if not is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            connection.execute(text(f"SET LOCAL lock_timeout = {wait_for_table_ms()}"))
        context.run_migrations()
        if is_sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first()):
            raise SystemExit(f"the migration would leave rows of {broken[0]} without their {broken[2]}")


def configure(**where: Any) -> None:
    context.configure(
        target_metadata=models.Table.metadata,
        render_as_batch=True,
        transactional_ddl=True,  # true on SQLite too: app.db begins IMMEDIATE, before the first statement
        compare_type=True,
        render_item=render_item,
        **where,
    )


def render_item(kind: str, item: Any, autogenerate: Any) -> str | Literal[False]:
    """A migration must mean the same in two years: it never names a type of ours."""
    if kind == "type" and isinstance(item, Moment):
        autogenerate.imports.add("import sqlalchemy as sa")
        return "sa.DateTime(timezone=True)"
    return False


if context.is_offline_mode():
    configure(url=database_url(), literal_binds=True, dialect_opts={"paramstyle": "named"})
    with context.begin_transaction():
        context.run_migrations()
else:
    migrate(database_url())
