"""Fill the service's migrated tables: python -m benchmarks.dataset --url sqlite:///data/app.db --scale 1"""

import argparse
import fcntl
import itertools
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg

from benchmarks.market import Market, Row, Volumes

ROWS_PER_BATCH = 20_000
ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"})

NUMBERED = ("app_users", "daily_prices", "price_alerts", "simulated_trades", "outbox")
NEWEST_ID = f"SELECT max(id) FROM ({' UNION ALL '.join(f'SELECT max(id) AS id FROM {name}' for name in NUMBERED)}) t"

Say = Callable[[str], None]


def fill(url: str, *, scale: float = 1.0, seed: str = "20220103", say: Say = print) -> dict[str, int]:
    """Add rows to the tables of a migrated database; return how many each table got (about 1.1 M at scale 1).

    Ids go on after those that are there. Raises SystemExit when the data is in the database already.
    """
    volumes = Volumes().scaled(scale)
    if url.startswith("sqlite"):
        return _fill_sqlite(Path(url.partition("///")[2]), volumes, seed, say)
    return _fill_postgres(url.replace("postgresql+psycopg", "postgresql", 1), volumes, seed, say)


def _fill_sqlite(file: Path, volumes: Volumes, seed: str, say: Say) -> dict[str, int]:
    if not file.is_file():
        raise SystemExit(f"there is no database in {file}; migrate it first")
    with _shared(file), closing(sqlite3.connect(file, isolation_level=None, timeout=30)) as connection:
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cache_size = -200000")
        market = Market(volumes, seed, _next_id(connection.execute(NEWEST_ID).fetchone()))
        counts = {}
        for table in market.tables:
            columns = market.columns(table)
            statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
            started, counts[table] = time.monotonic(), 0
            for batch in batches(market.rows(table)):
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(statement, batch)
                connection.execute("COMMIT")
                counts[table] += len(batch)
            say(f"{table:18} {counts[table]:>9,} rows {time.monotonic() - started:6.1f} s")
        connection.execute("ANALYZE")
    return counts


@contextmanager
def _shared(file: Path) -> Iterator[None]:
    """What every process holds that has the file open, so that a restore waits for it."""
    with Path(f"{file}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def _fill_postgres(url: str, volumes: Volumes, seed: str, say: Say) -> dict[str, int]:
    with psycopg.connect(url, autocommit=True, options="-c timezone=UTC") as connection:
        market = Market(volumes, seed, _next_id(connection.execute(NEWEST_ID).fetchone()))
        counts = {}
        for table in market.tables:
            columns = ", ".join(market.columns(table))
            started, counts[table] = time.monotonic(), 0
            with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for batch in batches(market.rows(table)):
                    copy.write("".join(map(copy_line, batch)))
                    counts[table] += len(batch)
            if "id" in market.columns(table):
                connection.execute(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
                )
            say(f"{table:18} {counts[table]:>9,} rows {time.monotonic() - started:6.1f} s")
        connection.execute("ANALYZE")
    return counts


def copy_line(row: Row) -> str:
    return "\t".join(map(_field, row)) + "\n"


def _field(value: str | int | None) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(ESCAPES) if "\\" in value or not value.isprintable() else value
    return str(value)


def batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(itertools.islice(rows, ROWS_PER_BATCH)):
        yield batch


def _next_id(newest: tuple[int | None, ...] | None) -> int:
    return (newest[0] or 0) + 1 if newest else 1


def main(words: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dataset", description=__doc__)
    parser.add_argument("--url", default=os.environ.get("DATABASE_URL", "sqlite:///data/app.db"))
    parser.add_argument("--scale", type=float, default=1.0, help="1 is about 1.1 million rows")
    parser.add_argument("--seed", default="20220103")
    said = parser.parse_args(words)
    started = time.monotonic()
    counts = fill(said.url, scale=said.scale, seed=said.seed)
    print(f"{'all':18} {sum(counts.values()):>9,} rows {time.monotonic() - started:6.1f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
