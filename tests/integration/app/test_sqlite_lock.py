"""The lock beside the SQLite file: held as long as any connection is open, so a restore can replace the file."""

import contextlib
import fcntl
import sqlite3
import threading
import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app import db

pytestmark = [
    pytest.mark.usefixtures("environment"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.fixture
def try_exclusive(tmp_path):
    """True when a restore could take the file now."""

    def try_exclusive():
        with (tmp_path / "app.db.lock").open("a") as lock, contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    return try_exclusive


def test_lock_is_held_from_before_the_first_statement_until_after_the_end(try_exclusive):
    with db.transaction() as session:
        session.execute(text("SELECT 1"))
        assert not try_exclusive()

    assert try_exclusive()


def test_failed_transaction_lets_go_as_well(try_exclusive):
    with contextlib.suppress(OperationalError), db.transaction() as session:
        session.execute(text("SELECT * FROM nowhere"))

    assert try_exclusive()


def test_file_that_cannot_be_opened_lets_go_as_well(tmp_path):
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(OperationalError), db.make_engine(f"sqlite:///{tmp_path}/folder.db").connect():
        pass

    with (tmp_path / "folder.db.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_transaction_waits_for_a_restore_and_sees_the_new_file(tmp_path):
    new = tmp_path / "new.db"
    with sqlite3.connect(new) as connection:
        connection.execute("CREATE TABLE marker (word TEXT)")
        connection.execute("INSERT INTO marker VALUES ('new')")
    connection.close()
    locked = threading.Event()

    def restore():
        with (tmp_path / "app.db.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            locked.set()
            time.sleep(0.3)
            new.replace(tmp_path / "app.db")

    thread = threading.Thread(target=restore)
    thread.start()
    locked.wait()
    with db.transaction() as session:
        assert session.scalar(text("SELECT word FROM marker")) == "new"
    thread.join()


def test_lock_goes_after_the_connection_not_before(tmp_path):
    order = []

    class Watched(db.SharedLockConnection):
        def _unlock(self):
            with contextlib.suppress(sqlite3.ProgrammingError):
                self.execute("SELECT 1")
                order.append("unlocked while open")
            super()._unlock()

    Watched(str(tmp_path / "app.db")).close()

    assert order == []


def test_writers_wait_for_each_other_instead_of_failing():
    def work():
        with db.transaction() as session:
            count = session.scalar(text("SELECT coalesce(max(CAST(value AS integer)), 0) FROM bot_state"))
            time.sleep(0.02)
            session.execute(text("INSERT INTO bot_state VALUES (:key, :key)"), {"key": str(count + 1)})

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with db.transaction(read_only=True) as session:
        assert session.scalar(text("SELECT count(*) FROM bot_state")) == 10


def test_reader_does_not_wait_for_a_writer():
    with db.transaction() as writer:
        writer.execute(text("INSERT INTO bot_state VALUES ('a', 'b')"))
        with db.transaction(read_only=True) as reader:
            assert reader.scalar(text("SELECT count(*) FROM bot_state")) == 0
