"""The pages of a living SQLite database, and fingerprints of its tables, on real files."""

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from opsctl.databases.sqlite import tables
from opsctl.databases.sqlite.pages import NotFrozen, frozen, pages_of


@pytest.fixture
def file(tmp_path):
    made = tmp_path / "app.db"
    with closing(sqlite3.connect(made, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT)")
        connection.execute("CREATE TABLE pets (id INTEGER PRIMARY KEY, name TEXT)")
        connection.executemany("INSERT INTO people (name) VALUES (?)", [(f"{n}" * 50,) for n in range(3000)])
    return made


def as_file(pages, target):
    target.write_bytes(b"".join(map(bytes, pages.stream())))
    return target


def names_in(file):
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT count(*), max(name) FROM people").fetchone()


@pytest.mark.parametrize("checkpoint", ["", "PRAGMA wal_checkpoint(PASSIVE)", "PRAGMA wal_checkpoint(TRUNCATE)"])
def test_what_only_the_log_holds_is_part_of_the_moment(file, tmp_path, checkpoint):
    with closing(sqlite3.connect(file, isolation_level=None)) as app:
        app.execute("PRAGMA wal_autocheckpoint = 0")
        app.execute("UPDATE people SET name = 'changed' WHERE id % 7 = 0")
        app.execute(checkpoint)
        app.execute("INSERT INTO people (name) VALUES ('z last')")

        with frozen(file, 5) as (_, pages):
            copy = as_file(pages, tmp_path / "copy.db")

    assert names_in(copy) == (3001, "z last")


def test_what_comes_later_is_not_part_of_the_moment_even_when_it_reaches_the_main_file(file, tmp_path):
    with closing(sqlite3.connect(file, isolation_level=None)) as app:
        app.execute("INSERT INTO people (name) VALUES ('z last')")
        with frozen(file, 5) as (connection, pages):
            for _ in range(20):
                app.execute("UPDATE people SET name = name || 'later'")
                app.execute("INSERT INTO people (name) VALUES ('zz later')")
                app.execute("PRAGMA wal_checkpoint(PASSIVE)")
            seen = connection.execute("SELECT count(*), max(name) FROM people").fetchone()
            copy = as_file(pages, tmp_path / "copy.db")

    assert seen == names_in(copy) == (3001, "z last")


def test_database_without_a_log_is_not_frozen(file):
    with closing(sqlite3.connect(file)) as app:
        app.execute("PRAGMA journal_mode = DELETE")

    with pytest.raises(NotFrozen), frozen(file, 5):
        pass


def test_fingerprint_follows_a_table_and_no_other(file):
    def fingerprints():
        with closing(sqlite3.connect(file)) as app:
            app.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with pages_of(file) as (connection, pages):
            return {name: one.fingerprint for name, one in tables.contents_of(connection, pages).tables.items()}

    before = fingerprints()
    with closing(sqlite3.connect(file, isolation_level=None)) as app:
        app.execute("INSERT INTO pets (name) VALUES ('rex')")
    after = fingerprints()

    assert before["people"] == after["people"]
    assert before["pets"] != after["pets"]


def test_rows_have_the_same_fingerprint_on_whatever_pages_they_lie(file):
    with closing(sqlite3.connect(file, isolation_level=None)) as app:
        before = tables._by_rows(app, "people")
        app.execute("PRAGMA journal_mode = DELETE")
        app.execute("PRAGMA page_size = 8192")
        app.execute("VACUUM")
        after = tables._by_rows(app, "people")
        app.execute("UPDATE people SET name = 'x' WHERE id = 9")

        assert before == after
        assert tables._by_rows(app, "people") != after


CHECKPOINT = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=0.2)
connection.execute("INSERT INTO people (name) VALUES ('zz later')")
print(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
"""


@pytest.mark.parametrize("log_holds_something", [False, True])
def test_another_process_cannot_move_the_moment(file, tmp_path, log_holds_something):
    """POSIX drops all locks of a process on a file when it closes any descriptor of it: ours must stay open."""
    with closing(sqlite3.connect(file, isolation_level=None)) as app:
        app.execute("INSERT INTO people (name) VALUES ('z last')")
        if not log_holds_something:
            app.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    keeper = subprocess.Popen([sys.executable, "-c", KEEP_OPEN, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert keeper.stdout.readline()

    with frozen(file, 5) as (connection, pages):
        is_busy = subprocess.check_output([sys.executable, "-c", CHECKPOINT, file], text=True).strip()
        seen = connection.execute("SELECT count(*), max(name) FROM people").fetchone()
        copy = as_file(pages, tmp_path / "copy.db")
    keeper.communicate()

    assert is_busy == "1"
    assert seen == names_in(copy) == (3001, "z last")


KEEP_OPEN = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("SELECT count(*) FROM people").fetchone()
print("open", flush=True)
sys.stdin.read()
"""
