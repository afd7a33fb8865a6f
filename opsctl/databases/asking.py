"""Read-only questions to a live database, each of which needs one table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from opsctl.databases import Place

if TYPE_CHECKING:
    import sqlite3

TIMEOUT_S = 4.0

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
    from opsctl.databases.sqlite import files

    file = files.require_file(place)
    with files.shared(file, TIMEOUT_S), files.connected(file, wait_s=TIMEOUT_S) as connection:
        connection.execute("PRAGMA query_only = ON")
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return {name: _rows(connection, one.sql) if one.table in tables else None for name, one in questions.items()}


def _rows(connection: "sqlite3.Connection", sql: str) -> list[Row]:
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
