"""What the scheduler remembers, and what it forgets after a month."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock, db
from app.models import JobRequest, JobRun, Message, TelegramLink
from app.scheduler.jobs import RECORDS_KEPT_FOR, prune_records
from app.scheduler.main import run
from app.services import jobs, outbox, users
from app.settings import load_settings


def message(key, status, sent_at):
    return Message(
        dedup_key=key, chat_id=7, kind="text", payload={}, status=status, created_at=sent_at, sent_at=sent_at
    )


@pytest.mark.usefixtures("environment")
def test_what_was_sent_a_month_ago_is_forgotten_and_what_was_not_stays(monkeypatch):
    monkeypatch.setattr(outbox.prune, "__kwdefaults__", {"limit": 2})
    now = clock.now()
    old, new = now - RECORDS_KEPT_FOR - timedelta(hours=1), now - RECORDS_KEPT_FOR + timedelta(hours=1)
    with db.transaction() as session:
        session.add_all(message(f"old {number}", "sent", old) for number in range(5))
        session.add_all([message("new", "sent", new), message("dead", "dead", old), message("parked", "parked", old)])

    said = prune_records()

    assert said.startswith("5 sent messages")
    with db.transaction(read_only=True) as session:
        assert set(session.scalars(select(Message.dedup_key))) == {"new", "dead", "parked"}


def test_served_requests_and_stale_link_codes_are_forgotten(market):
    now = clock.now()
    with db.transaction() as session:
        user = users.register_chat(session, 7, 7, "Ada", now)
        other = users.register_chat(session, 8, 8, "Bob", now)
        users.issue_link_code(session, user, now - timedelta(days=2))
        users.issue_link_code(session, other, now)
        for at, taken in ((40, 40), (40, None), (1, 1)):
            taken_at = None if taken is None else now - timedelta(days=taken)
            session.add(JobRequest(job="x", requested_by="a", requested_at=now - timedelta(days=at), taken_at=taken_at))

    prune_records()

    with db.transaction(read_only=True) as session:
        assert len(session.scalars(select(JobRequest)).all()) == 2
        assert session.scalars(select(TelegramLink.user_id)).all() == [other.id]


@pytest.mark.usefixtures("environment")
def test_runs_of_a_job_are_kept_to_a_number_and_those_of_the_others_untouched(now, monkeypatch):
    monkeypatch.setattr(jobs, "RUNS_KEPT", 3)
    with db.transaction() as session:
        jobs.start_run(session, jobs.UPDATE_SYMBOLS, "first of all", now)
        for number in range(10):
            run_id = jobs.start_run(session, jobs.CHECK_ALERTS, f"slot {number}", now)
            assert run_id is not None
            jobs.finish_run(session, run_id, "ok", "", now)

    with db.transaction(read_only=True) as session:
        slots = session.scalars(select(JobRun.slot).order_by(JobRun.id)).all()
    assert slots == ["first of all", "slot 7", "slot 8", "slot 9"]


@pytest.mark.usefixtures("environment")
def test_request_is_taken_together_with_its_run_so_no_crash_comes_between(now):
    with db.transaction() as session:
        asked = jobs.request(session, jobs.UPDATE_SYMBOLS, "ada", now)

    with db.transaction() as session:
        started = jobs.start_requested(session, now)
        again = jobs.start_requested(session, now)

    with db.transaction(read_only=True) as session:
        run_id = session.get_one(JobRequest, asked.id).run_id
        assert run_id is not None
        assert session.get_one(JobRun, run_id).outcome == "running"
    assert started == (jobs.UPDATE_SYMBOLS, run_id)
    assert again is None


def test_scheduler_without_its_database_gives_no_sign_of_life(monkeypatch, tmp_path):
    for name, value in (
        ("APP_ENV", "test"),
        ("DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:9/nowhere"),
        ("HEARTBEAT_DIR", str(tmp_path / "heartbeats")),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    load_settings.cache_clear()

    async def half_a_second():
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(0.5, stop.set)
        await run(stop)

    asyncio.run(half_a_second())

    load_settings.cache_clear()
    assert not (tmp_path / "heartbeats").exists()
