"""What a PostgreSQL database holds: rows and fingerprints of its tables, sequences, revision."""

from typing import Any

from opsctl.databases import Contents, Place, TableContents
from opsctl.databases.postgres.psql import SAME_TEXT_EVERYWHERE, Session, literal, query, session

COUNT_TIMEOUT_S = 600
RECORD_HASH_SINCE = 14  # the first server with hash_record_extended

# Tables of people, quoted by the server, and what to hash of each row: all of it, but for columns whose type has no
# hash of its own that we could be sure of (json, an array), which are hashed as text.
TABLES = """
SELECT coalesce(json_agg(json_build_array(
         CASE WHEN n.nspname = 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END,
         format('%I.%I', n.nspname, c.relname), hashed) ORDER BY n.nspname, c.relname), '[]')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
  SELECT CASE WHEN coalesce(bool_and(hashable), true) THEN '"the row"'
              ELSE 'ROW(' || string_agg(format(CASE WHEN hashable THEN '%I' ELSE '%I::text' END, attname), ', '
                                        ORDER BY attnum) || ')' END AS hashed
  FROM (SELECT a.attname, a.attnum, t.typtype = 'e' OR t.oid = 'varchar'::regtype OR t.oid IN (
                 SELECT o.opcintype FROM pg_opclass o JOIN pg_am m ON m.oid = o.opcmethod
                 WHERE m.amname = 'hash' AND o.opcdefault) AS hashable
        FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns) AS row
WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_t%';
"""
SEQUENCES = """
SELECT coalesce(json_object_agg(
         CASE WHEN schemaname = 'public' THEN sequencename ELSE schemaname || '.' || sequencename END,
         coalesce(last_value, start_value - increment_by)), '{}')
FROM pg_sequences;
"""
HAS_REVISION = "SELECT to_json(to_regclass('alembic_version') IS NOT NULL);"
REVISION = "SELECT to_json(string_agg(version_num, ',' ORDER BY version_num)) FROM alembic_version;"

Tables = list[tuple[str, str, str]]  # name as people say it, quoted name, what to hash of "the row"


class Reading:
    """Asks a session for its database's contents, so that the answer can be waited for later."""

    def __init__(self, asked: Session, *, timeout_s: float) -> None:
        self._session, self._timeout_s = asked, timeout_s
        asked.send(SAME_TEXT_EVERYWHERE + TABLES + SEQUENCES + HAS_REVISION)
        asked.send("SELECT current_setting('server_version_num')::int / 10000;")
        self._tables: Tables = self._next()
        self._sequences: dict[str, int] = self._next()
        has_revision, self._major = self._next(), int(self._next())
        asked.send(REVISION if has_revision else "SELECT to_json(NULL::text);")
        for _, quoted, hashed in self._tables:
            asked.send(fingerprint_sql(quoted, hashed, by_record=self._by_record))

    def result(self) -> Contents:
        revision = self._next()
        tables = {name: self._table() for name, _, _ in self._tables}
        return Contents(tables=tables, sequences=self._sequences, revision=revision)

    @property
    def _by_record(self) -> bool:
        return self._major >= RECORD_HASH_SINCE

    def _table(self) -> TableContents:
        rows, fingerprint = self._next()
        # The hash of a record is promised only within a major version, that of a text in practice for ever.
        return TableContents(rows, fingerprint, f"record-hash-{self._major}" if self._by_record else "text-hash")

    def _next(self) -> Any:
        return self._session.receive(self._timeout_s)


def contents(place: Place, database: str, *, timeout_s: float = 3600) -> Contents:
    with session(place, database) as asked:
        return Reading(asked, timeout_s=timeout_s).result()


def rows(place: Place, database: str | None = None) -> dict[str, int]:
    """Rows of each table, counted."""
    tables: Tables = query(place, TABLES, database=database)
    if not tables:
        return {}
    counts = " UNION ALL ".join(
        f"SELECT {literal(name)}, count(*) FROM ONLY {quoted}"  # noqa: S608
        for name, quoted, _ in tables
    )
    sql = f"SELECT json_object_agg(name, rows) FROM ({counts}) AS counted (name, rows);"  # noqa: S608
    counted: dict[str, int] = query(place, sql, database=database, timeout_s=COUNT_TIMEOUT_S)
    return counted


def fingerprint_sql(quoted: str, hashed: str, *, by_record: bool) -> str:
    """Sum of a 64-bit hash of each row: the order of rows does not matter, each single row does."""
    value = f"hash_record_extended({hashed}, 0)" if by_record else 'hashtextextended("the row"::text, 0)'
    return (
        f"SELECT json_build_array(count(*), coalesce(sum({value}::numeric), 0)::text) "  # noqa: S608
        # no column is called so; a column's name would win over the table's
        f'FROM ONLY {quoted} AS "the row";'
    )
