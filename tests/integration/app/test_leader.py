"""One leads at a time, and letting go or losing the lock is noticed."""

import pytest
from sqlalchemy import text

from app import db
from app.scheduler.leader import leader_for

pytestmark = pytest.mark.usefixtures("environment")


@pytest.fixture
def candidates(database_url):
    both = leader_for(database_url), leader_for(database_url)
    yield both
    for leader in both:
        leader.release()


def test_one_leads_and_the_next_follows(candidates):
    first, second = candidates

    assert first.acquire()
    assert first.is_held()
    assert not second.acquire()
    assert not second.is_held()

    first.release()
    assert not first.is_held()
    assert second.acquire()


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_cut_connection_ends_the_lead(candidates, postgres_server, database_url):
    first, second = candidates
    assert first.acquire()

    postgres_server.cut_connections(database_url)

    assert not first.is_held()
    first.release()
    assert second.acquire()


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_lead_of_another_is_not_taken_for_ones_own(candidates):
    first, second = candidates
    assert first.acquire()
    first._connection.execute(text("SELECT pg_advisory_unlock_all()"))  # as a pooler in between would
    assert second.acquire()

    assert not first.is_held()
    assert second.is_held()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_deleted_lock_file_ends_the_lead(candidates, tmp_path):
    first, second = candidates
    assert first.acquire()

    (tmp_path / "app.db.leader").unlink()

    assert not first.is_held()
    assert second.acquire()


def test_lead_is_not_held_by_a_connection_that_went_back_to_the_pool(candidates):
    first, second = candidates
    assert first.acquire()
    first.release()
    with db.transaction():
        assert second.acquire()
