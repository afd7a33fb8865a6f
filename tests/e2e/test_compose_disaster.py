"""A million rows in PostgreSQL: backed up, the volume destroyed, restored, and restored over a living database."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.e2e.deployment import ROOT, until
from tests.e2e.disaster import flip_one_byte, postgres_fingerprints, writing_all_the_while

APP_SERVICES = ("api", "bot", "scheduler")
MARK = """
INSERT INTO watchlist (user_id, symbol, created_at)
SELECT id, '035720', now() FROM app_users WHERE username = 'carol' ON CONFLICT DO NOTHING
"""


def database_url(compose) -> str:
    container = compose.run("docker", "compose", "ps", "-q", "db").stdout.strip()
    addresses = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}"
    address = compose.run("docker", "inspect", "-f", addresses, container).stdout.split()[0]
    password = next(
        line.partition("=")[2]
        for line in (compose.folder / ".env.development").read_text().splitlines()
        if line.startswith("POSTGRES_PASSWORD=")
    )
    return f"postgresql://stockalert:{password}@{address}:5432/stockalert"


@pytest.fixture(scope="module")
def filled(compose):
    """The deployment with at least a million rows, and the fingerprints of a quiet moment with its backup."""
    compose.filled_client = compose.account("carol")
    compose.run("docker", "compose", "stop", *APP_SERVICES)
    url = database_url(compose)
    subprocess.run([sys.executable, "-m", "benchmarks.dataset", "--url", url], cwd=ROOT, check=True, timeout=600)
    compose.fingerprints = postgres_fingerprints(url)
    made = compose.opsctl("db", "backup", "--json")
    assert made.code == 0, made
    compose.backup = made.json
    return compose


def test_a_million_rows_come_back_after_the_volume_is_gone(filled):
    assert sum(filled.backup["rows"].values()) >= 1_000_000
    filled.run("docker", "compose", "down", "--volumes", "-t", "5")

    up = filled.opsctl("up")
    assert up.code == 0, up
    filled.run("docker", "compose", "stop", *APP_SERVICES)
    restored = filled.opsctl("db", "restore", filled.backup["id"], "--yes", "--json")

    assert restored.code == 0, restored
    filled.run("docker", "compose", "stop", *APP_SERVICES)
    assert postgres_fingerprints(database_url(filled)) == filled.fingerprints
    assert filled.opsctl("up").code == 0
    assert filled.opsctl("status").code == 0


def test_restore_over_a_living_database_stops_writes_for_a_second_at_most(filled):
    filled.opsctl("up")

    with writing_all_the_while(filled.filled_client) as writer:
        until(lambda: len(writer.acknowledged) > 20, "the first writes")
        restored = filled.opsctl("db", "restore", filled.backup["id"], "--yes", "--json")
        done = len(writer.acknowledged)
        until(lambda: len(writer.acknowledged) > done + 20, "writes after the restore")

    assert restored.code == 0, restored
    assert writer.longest_silence_s <= 1.0
    assert restored.json["write_downtime_seconds"] <= 1.0


def test_undo_brings_the_replaced_database_back(filled):
    with psycopg.connect(database_url(filled), autocommit=True) as connection:
        connection.execute(MARK)
        marked = connection.execute("SELECT count(*) FROM watchlist WHERE symbol = '035720'").fetchone()
    restored = filled.opsctl("db", "restore", filled.backup["id"], "--yes", "--json")
    assert restored.code == 0, restored

    undone = filled.opsctl("db", "undo", "--yes", "--json")

    assert undone.code == 0, undone
    with psycopg.connect(database_url(filled)) as connection:
        assert connection.execute("SELECT count(*) FROM watchlist WHERE symbol = '035720'").fetchone() == marked


def test_one_flipped_byte_is_refused_before_the_database_is_touched(filled):
    made = filled.opsctl("db", "backup", "--json").json
    folder = Path(made["path"])
    data = next(file for file in (filled.folder / folder).iterdir() if file.name != "manifest.json")
    with psycopg.connect(database_url(filled)) as connection:
        before = connection.execute("SELECT oid FROM pg_database WHERE datname = 'stockalert'").fetchone()

    flip_one_byte(data)
    refused = filled.opsctl("db", "restore", made["id"], "--yes", "--json")
    verified = filled.opsctl("db", "verify", made["id"], "--json")

    assert refused.code == 4, refused
    assert refused.json["error"]["cause"] == "backup.corrupt"
    assert verified.code == 3, verified
    with psycopg.connect(database_url(filled)) as connection:
        assert connection.execute("SELECT oid FROM pg_database WHERE datname = 'stockalert'").fetchone() == before
    assert filled.opsctl("status").code == 0
