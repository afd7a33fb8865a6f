"""What the two disaster tests share: fingerprints of our own, and a client that writes all the while."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg

# Told apart from opsctl's own fingerprints on purpose: a wrong one must not vouch for itself.
POSTGRES_FINGERPRINT = "SELECT count(*), coalesce(sum(hashtextextended(t::text, 7)::numeric), 0) FROM {table} t"


def postgres_fingerprints(url: str) -> dict[str, tuple[int, int]]:
    with psycopg.connect(url) as connection:
        listed = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        found = {}
        for (table,) in listed:
            row = connection.execute(POSTGRES_FINGERPRINT.format(table=table)).fetchone()  # type: ignore[arg-type]
            assert row
            found[table] = (int(row[0]), int(row[1]))
        return found


def sqlite_fingerprints(file: Path) -> dict[str, tuple[int, int]]:
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
        listed = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1").fetchall()
        return {table: _sqlite_table(connection, table) for (table,) in listed}


def _sqlite_table(connection: sqlite3.Connection, table: str) -> tuple[int, int]:
    count = total = 0
    for row in connection.execute(f'SELECT * FROM "{table}"'):
        count += 1
        total += hash(row) & 0xFFFFFFFF  # within one process: the same rows give the same number
    return count, total


@dataclass
class Writer:
    """When each write through the API was acknowledged."""

    acknowledged: list[float] = field(default_factory=list)
    refused: int = 0

    @property
    def longest_silence_s(self) -> float:
        return max(later - earlier for earlier, later in zip(self.acknowledged, self.acknowledged[1:], strict=False))


@contextmanager
def writing_all_the_while(client: httpx.Client) -> Iterator[Writer]:
    """A client that changes its watchlist about 40 times a second until the block ends."""
    writer, stop = Writer(), threading.Event()

    def write() -> None:
        for turn in range(10**9):
            if stop.is_set():
                return
            verb = ("add", "remove")[turn % 2]
            try:
                answer = client.post(f"/watchlist/{verb}", json={"symbol": "000660"})
            except httpx.HTTPError:
                writer.refused += 1
            else:
                if answer.status_code == 200:
                    writer.acknowledged.append(time.monotonic())
                else:
                    writer.refused += 1
            time.sleep(0.02)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    try:
        yield writer
    finally:
        stop.set()
        thread.join(15)


def flip_one_byte(file: Path) -> None:
    with file.open("r+b") as data:
        data.seek(file.stat().st_size // 2)
        byte = data.read(1)
        data.seek(-1, 1)
        data.write(bytes([byte[0] ^ 0x01]))
