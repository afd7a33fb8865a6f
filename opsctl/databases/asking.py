"""Read-only questions to a live database, each of which needs one table."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from opsctl.databases import Place
from opsctl.databases.state import _not_while_replaced, _read_only
from opsctl.errors import NotReady, OpsctlError

TIMEOUT_S = 5.0

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Question:
    """A SELECT that PostgreSQL and SQLite both understand, and the table without which it has no answer."""

    table: str
    sql: str


def ask(place: Place, questions: Mapping[str, Question]) -> dict[str, Sequence[Row] | None]:
    """The rows of each answer; None where the table is not there yet.

    Raises NotReady when the database is not there or does not answer, OpsctlError when it cannot be read.
    """
    return _sqlite(place, questions) if place.kind == "sqlite" else _postgres(place, questions)


def moment(value: Any) -> datetime | None:
    """A time as either database gives it; SQLite's have no zone, they are UTC."""
    if not isinstance(value, str):
        return None
    found = datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _sqlite(place: Place, questions: Mapping[str, Question]) -> dict[str, Sequence[Row] | None]:
    file = place.file
    assert file  # an SQLite place always has one
    if not file.is_file():
        raise NotReady(f"there is no database {file} yet", cause="db.missing", hint="opsctl up")
    try:
        with _not_while_replaced(file), closing(_read_only(file)) as connection:
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            return {
                name: _rows(connection, one.sql) if one.table in tables else None for name, one in questions.items()
            }
    except (sqlite3.Error, OSError) as error:
        raise OpsctlError(
            f"{file.name} cannot be read: {error}", cause="db.unreadable", hint="opsctl db backups"
        ) from None


def _rows(connection: sqlite3.Connection, sql: str) -> list[Row]:
    answer = connection.execute(sql)
    names = [column[0] for column in answer.description]
    return [dict(zip(names, row, strict=True)) for row in answer]


def _postgres(place: Place, questions: Mapping[str, Question]) -> dict[str, Sequence[Row] | None]:
    from opsctl.databases.postgres import psql

    wanted = ", ".join(f"'{table}'" for table in sorted({one.table for one in questions.values()}))
    listed = (
        f"SELECT coalesce(json_agg(name), '[]') FROM unnest(ARRAY[{wanted}]) name WHERE to_regclass(name) IS NOT NULL"  # noqa: S608  # names of ours
    )
    tables = psql.query(place, f"{listed};", timeout_s=TIMEOUT_S)
    asked = {name: one for name, one in questions.items() if one.table in tables}
    answers = ", ".join(
        f"'{name}', (SELECT coalesce(json_agg(row_to_json(answer)), '[]') FROM ({one.sql}) answer)"  # noqa: S608
        for name, one in asked.items()
    )
    found = psql.query(place, f"SELECT json_build_object({answers});", timeout_s=TIMEOUT_S)
    return {name: found.get(name) for name in questions}
