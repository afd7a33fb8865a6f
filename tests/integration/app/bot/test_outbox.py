"""The outbox on both databases: who gets which message, and what becomes of it."""

import threading
from datetime import timedelta

import pytest

from app import db
from app.services import outbox
from tests.integration.app.bot.conftest import rows, statuses

ADA, BOB, GROUP, SUPERGROUP = 7, 8, -100, -200
LEASE = timedelta(seconds=10)


@pytest.fixture
def session(environment):
    """Each call is a transaction of its own, as in the sender."""

    class Transactions:
        def __getattr__(self, name):
            def call(*arguments, **words):
                with db.transaction() as session:
                    return getattr(outbox, name)(session, *arguments, **words)

            return call

    return Transactions()


def claim(outbox_, now, worker="me", limit=10, resting=()):
    return [row.id for row in outbox_.claim(worker, now, lease=LEASE, limit=limit, resting_chats=resting)]


def test_same_event_makes_one_message(session, now):
    words = {"dedup_key": "alert:1:1", "kind": "text", "payload": {"text": "x"}, "now": now, "chat_id": ADA}

    assert [session.add(**words), session.add(**words)] == [True, False]
    assert len(rows()) == 1


def test_replies_go_first_then_the_oldest(session, queue, now):
    old, new, reply = queue(1, "old"), queue(2, "new"), queue(3, "reply", priority=0)

    assert claim(session, now) == [reply, old, new]


def test_only_one_message_of_a_chat_is_given_out(session, queue, now):
    first, _second, other = queue(ADA, "1"), queue(ADA, "2"), queue(BOB, "3")

    assert claim(session, now) == [first, other]


def test_resting_chats_are_left_alone(session, queue, now):
    queue(ADA, "1")
    other = queue(BOB, "2")

    assert claim(session, now, resting={ADA}) == [other]


def test_message_is_not_given_out_before_its_time(session, queue, now):
    row = queue(ADA, "x")
    claim(session, now)
    session.give_back("me", row, not_before=now + timedelta(seconds=5))

    assert claim(session, now + timedelta(seconds=4)) == []
    assert claim(session, now + timedelta(seconds=5)) == [row]


def test_two_senders_never_hold_the_same_message(session, queue, now):
    for chat_id in range(1, 121):
        queue(chat_id, "x")
    held: dict[str, list[int]] = {"one": [], "two": []}

    def take(worker):
        for _ in range(12):
            held[worker] += claim(session, now, worker, limit=10)

    threads = [threading.Thread(target=take, args=(worker,)) for worker in held]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(held["one"] + held["two"]) == 120
    assert set(held["one"]).isdisjoint(held["two"])


def test_sender_that_lost_its_lease_changes_nothing(session, queue, now):
    row = queue(ADA, "x")
    claim(session, now, "old")
    later = now + LEASE + timedelta(seconds=1)
    session.recover(later)
    claim(session, later, "new")

    assert not session.begin("old", row, later, LEASE)
    assert not session.mark_sent("old", row, later, 1)
    assert not session.give_back("old", row)
    assert not session.doubt("old", row, later, "x")
    assert not session.bury("old", row, "x")
    assert session.begin("new", row, later, LEASE)


def test_expired_lease_cannot_be_begun(session, queue, now):
    row = queue(ADA, "x")
    claim(session, now)

    assert not session.begin("me", row, now + LEASE, LEASE)


def test_renewed_lease_lives_on_and_tells_what_is_lost(session, queue, now):
    mine, lost = queue(ADA, "x"), queue(BOB, "y")
    claim(session, now)
    session.give_back("me", lost)

    assert session.renew("me", {mine, lost}, now + 3 * LEASE) == {mine}
    assert session.recover(now + 2 * LEASE) == 0
    assert rows(id=mine)[0].status == "leased"


def test_message_a_dead_sender_had_not_begun_goes_out_unmarked(session, queue, now):
    row = queue(ADA, "x")
    claim(session, now, "dead")

    session.recover(now + LEASE + timedelta(seconds=1))

    (again,) = session.claim("me", now + 2 * LEASE, lease=LEASE, limit=1)
    assert (again.id, again.is_repeat) == (row, False)


def test_message_a_dead_sender_had_begun_goes_out_marked(session, queue, now):
    row = queue(ADA, "x")
    claim(session, now, "dead")
    session.begin("dead", row, now, LEASE)

    assert session.recover(now + LEASE + timedelta(seconds=1)) == 1

    (again,) = session.claim("me", now + 2 * LEASE, lease=LEASE, limit=1)
    assert (again.id, again.is_repeat) == (row, True)


def test_doubtful_message_is_repeated_twice_then_shown_as_unknown(session, queue, now):
    row = queue(ADA, "x")
    repeats = []
    for wait in (*outbox.RESEND_AFTER, timedelta(minutes=1)):
        (leased,) = session.claim("me", now, lease=LEASE, limit=1)
        repeats.append(leased.is_repeat)
        session.begin("me", row, now, LEASE)
        session.doubt("me", row, now, "no answer")
        assert claim(session, now + wait - timedelta(seconds=1)) == []
        now += wait

    assert repeats == [False, True, True]
    assert [(one.status, one.last_error) for one in rows()] == [("unknown", "no answer")]
    assert claim(session, now) == []


def test_giving_back_is_no_attempt(session, queue, now):
    row = queue(ADA, "x")
    claim(session, now)
    session.give_back("me", row, error="429")

    assert [(one.status, one.attempts, one.ambiguous_attempts) for one in rows()] == [("pending", 0, 0)]


def test_messages_wait_for_a_chat_that_is_not_linked(session, queue, person, now):
    user = person(None, username="tg_x")
    queue(None, "x", user_id=user)

    assert statuses() == ["parked"]
    assert claim(session, now) == []


@pytest.mark.parametrize("state", [{"wants_messages": False}, {"is_active": False}])
def test_messages_of_people_who_must_not_get_any_are_parked_not_dropped(session, queue, person, now, state):
    user = person(ADA, **state)
    queue(ADA, "an alert", user_id=user)
    reply = queue(ADA, "a reply", user_id=user, priority=0)

    assert claim(session, now) == [reply]
    assert rows(status="parked")[0].last_error


def test_closed_chat_parks_everything_and_opening_it_releases_everything(session, queue, person, now):
    user = person(ADA)
    first, second, _other = queue(ADA, "1", user_id=user), queue(ADA, "2", user_id=user), queue(BOB, "3")
    claim(session, now, limit=1)
    session.park("me", first, "blocked")
    session.close_chat(ADA, now, "blocked")
    third = queue(ADA, "3", user_id=user)

    parked = claim(session, now)
    opened = session.open_chat(ADA)

    assert parked == [rows(chat_id=BOB)[0].id]
    assert opened == 3
    assert {row.id for row in rows(chat_id=ADA, status="pending")} == {first, second, third}


def test_group_that_moved_takes_its_messages_and_its_account_along(session, queue, person, now):
    user = person(GROUP)
    queue(GROUP, "1", user_id=user)
    queue(GROUP, "2", user_id=user)

    session.move_chat(GROUP, SUPERGROUP, now)

    assert {row.chat_id for row in rows()} == {SUPERGROUP}
    assert len(session.claim("me", now, lease=LEASE, limit=5)) == 1


def test_split_message_keeps_its_order_and_its_chat(session, queue, now):
    row = queue(ADA, "long")
    claim(session, now)

    session.split("me", row, ["one", "two", "three"], now)

    assert [(one.chat_id, one.payload["text"], one.status) for one in rows()] == [
        (ADA, "one", "pending"),
        (ADA, "two", "pending"),
        (ADA, "three", "pending"),
    ]


def test_hold_is_remembered_and_never_shortened(session, now):
    session.store_hold(now + timedelta(hours=2))
    session.store_hold(now + timedelta(seconds=5))

    assert session.load_hold() == now + timedelta(hours=2)


def test_backlog_tells_what_waits_and_for_how_long(session, queue, now):
    queue(ADA, "x", now=now - timedelta(seconds=90))
    queue(None, "y")

    backlog = session.backlog(now)

    assert (backlog.count("pending"), backlog.count("parked"), backlog.oldest_pending_s) == (1, 1, 90)
    assert session.waiting(now) == "1 messages wait, the oldest for 90 s"


def test_pruning_forgets_only_what_was_delivered_long_ago(session, queue, now):
    sent, dead = queue(ADA, "x"), queue(BOB, "y")
    claim(session, now)
    session.mark_sent("me", sent, now, 1)
    session.bury("me", dead, "no")

    assert session.prune(now + timedelta(days=1)) == 1
    assert [row.id for row in rows()] == [dead]


def test_work_is_seen_only_when_there_is_some(session, queue, now):
    assert not session.has_work(now)
    queue(ADA, "x")
    assert session.has_work(now)
    claim(session, now)
    assert not session.has_work(now)
    assert session.has_work(now + 2 * LEASE)
