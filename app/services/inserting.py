"""INSERT … ON CONFLICT, which SQLite and PostgreSQL spell the same and SQLAlchemy does not."""

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.models import Table

DIALECTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def insert(session: Session, table: type[Table]) -> Any:
    """An insert that has `on_conflict_do_nothing` and `on_conflict_do_update` on the session's database."""
    return DIALECTS[session.get_bind().dialect.name](table)
