"""What every table shares: names for constraints, and moments in UTC."""

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import DateTime, Dialect, ForeignKey, Identity, Integer, MetaData, String
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator

SYMBOL_LENGTH = 6


class Moment(TypeDecorator[datetime]):
    """An aware datetime, stored in UTC on both databases; a naive one is a bug and raises ValueError."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment must say its time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Table(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map = {datetime: Moment()}  # noqa: RUF012  # SQLAlchemy reads it as written


# AUTOINCREMENT, or SQLite would give a deleted row's number to the next one.
NEVER_REUSE_IDS: dict[str, Any] = {"sqlite_autoincrement": True}

Id = Annotated[int, mapped_column(Integer, Identity(start=1), primary_key=True)]
UserId = Annotated[int, mapped_column(Integer, ForeignKey("app_users.id", ondelete="CASCADE"))]
SymbolCode = Annotated[str, mapped_column(String(SYMBOL_LENGTH), ForeignKey("symbols.symbol"))]
