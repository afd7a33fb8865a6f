"""The sender against a Bot API over HTTP: what people get, whatever Telegram answers."""

import itertools
import time
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app import clock, db
from app.bot import ledger
from app.services import outbox
from tests.integration.app.bot.conftest import rows, running_sender, statuses, until
from tests.stand_ins.telegram import TOKEN

ADA, BOB, GROUP, SUPERGROUP = 7, 8, -100, -200
# What depends on Telegram's answer only needs no second database.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def _quick_repeats(monkeypatch):
    monkeypatch.setattr(outbox, "RESEND_AFTER", (timedelta(seconds=0.2), timedelta(seconds=0.2)))


def all_sent():
    return set(statuses()) == {"sent"}


def test_fired_alert_arrives_once_in_the_users_language(telegram, queue, person):
    queue(ADA, user_id=person(ADA))
    queue(BOB, user_id=person(BOB, language="en"))

    with running_sender(telegram):
        until(all_sent, "both sent")

    assert telegram.texts(ADA) == [
        "🔔 가격 알림: 삼성전자(005930)\n현재가 90,100원이 목표가 90,000원 이상에 도달했습니다."
    ]
    assert telegram.texts(BOB)[0].startswith("🔔 Price alert: 삼성전자")
    assert rows(chat_id=ADA)[0].message_id == telegram.messages(ADA)[0]["message_id"]


def test_speed_stays_under_every_limit_of_telegram(telegram, queue):
    for number in range(60):
        queue(1000 + number, "x")
    for number in range(3):
        queue(ADA, f"{number}")

    started = time.monotonic()
    with running_sender(telegram):
        until(all_sent, "all sent", 30)
    seconds = time.monotonic() - started

    times = [call["time"] for call in telegram.calls("sendMessage")]
    to_ada = [message["time"] for message in telegram.messages(ADA)]
    assert {call["status"] for call in telegram.calls("sendMessage")} == {200}
    assert max(sum(start <= moment < start + 1 for moment in times) for start in times) <= 30
    assert min(later - earlier for earlier, later in itertools.pairwise(to_ada)) >= 1.0
    assert telegram.texts(ADA) == ["0", "1", "2"]
    assert seconds < 8


@on_sqlite
def test_429_is_obeyed_and_is_no_attempt(telegram, queue):
    telegram.fail("429", seconds=1, count=1)
    queue(ADA, "x")

    with running_sender(telegram):
        until(all_sent, "sent after the hold")

    refused, accepted = telegram.calls("sendMessage")
    assert accepted["time"] - refused["time"] >= 1
    assert telegram.texts(ADA) == ["x"]
    assert rows()[0].attempts == 1


@on_sqlite
def test_429_without_a_time_is_tried_again_unmarked(telegram, queue):
    telegram.fail("429", seconds=0, count=1)
    queue(ADA, "x")

    with running_sender(telegram):
        until(all_sent, "sent")

    assert telegram.texts(ADA) == ["x"]


@on_sqlite
def test_chat_with_its_own_long_429_does_not_starve_the_others(telegram, queue):
    telegram.fail("429", seconds=1, chat_id=ADA)
    queue(ADA, "x")
    for number in range(10):
        queue(1000 + number, "y")

    with running_sender(telegram):
        until(lambda: len(telegram.messages()) == 10, "the others", 15)

    assert rows(chat_id=ADA)[0].status == "pending"


def test_hold_survives_a_restart(telegram, queue):
    telegram.fail("429", seconds=2, count=1)
    queue(ADA, "x")
    with running_sender(telegram):
        until(lambda: telegram.calls("sendMessage"), "the first try")
        until(lambda: rows(status="pending"), "given back")
    queue(BOB, "y")  # the silence is for everybody

    with running_sender(telegram):
        until(all_sent, "sent")

    refused, *accepted = telegram.calls("sendMessage")
    assert len(accepted) == 2
    assert all(call["time"] - refused["time"] >= 2 for call in accepted)


@on_sqlite
@pytest.mark.parametrize("kind", ["500", "502", "504", "drop_before"])
def test_doubtful_failure_is_repeated_with_a_mark(telegram, queue, kind):
    telegram.fail(kind, count=1)
    row = queue(ADA, "x")

    with running_sender(telegram):
        until(all_sent, "sent")

    assert telegram.texts(ADA) == [f"(재전송) #{row}\nx"]


@on_sqlite
@pytest.mark.parametrize("kind", ["drop_after", "garbage", "stall"])
def test_lost_answer_gives_a_copy_that_says_so(telegram, queue, kind):
    telegram.fail(kind, count=1, seconds=4)
    row = queue(ADA, "x")

    with running_sender(telegram):
        until(all_sent, "sent")

    assert telegram.texts(ADA) == ["x", f"(재전송) #{row}\nx"]


@on_sqlite
def test_message_that_always_fails_is_shown_as_unknown_and_never_dropped(telegram, queue):
    telegram.fail("drop_after", chat_id=ADA)
    queue(ADA, "x")

    with running_sender(telegram):
        until(lambda: statuses() == ["unknown"], "given up")

    assert len(telegram.texts(ADA)) == 3
    assert sum(one.startswith("(재전송)") for one in telegram.texts(ADA)) == 2


def test_blocked_chat_is_parked_and_gets_everything_when_it_is_back(telegram, queue, person):
    telegram.fail("403", chat_id=ADA)
    user = person(ADA)
    for number in range(3):
        queue(ADA, f"{number}", user_id=user)

    with running_sender(telegram):
        until(lambda: statuses() == ["parked"] * 3, "all parked")
        tries = len(telegram.calls("sendMessage"))
        telegram.heal()
        with db.transaction() as session:
            outbox.open_chat(session, ADA)
        until(all_sent, "sent after the block")

    assert tries == 1
    assert telegram.texts(ADA) == ["0", "1", "2"]


def test_moved_group_gets_its_message_at_the_new_address(telegram, queue):
    telegram.fail("migrate", chat_id=GROUP, migrate_to=SUPERGROUP)
    queue(GROUP, "x")

    with running_sender(telegram):
        until(all_sent, "sent")

    assert telegram.texts(SUPERGROUP) == ["x"]


@on_sqlite
def test_markup_telegram_cannot_read_arrives_as_plain_text(telegram, queue):
    queue(ADA, kind="html", payload={"html": "<b>A & B < C</b> <blink>x</blink>"})

    with running_sender(telegram):
        until(all_sent, "sent")

    (message,) = telegram.messages(ADA)
    assert message["parse_mode"] is None
    assert message["text"] == "A & B < C x"


def test_long_text_arrives_in_parts(telegram, queue):
    queue(ADA, "가나다라마바사아자차\n" * 800)

    with running_sender(telegram):
        until(lambda: len(rows()) > 1 and all_sent(), "all parts")

    parts = telegram.texts(ADA)
    assert [part.split("\n")[0] for part in parts] == ["(1/3)", "(2/3)", "(3/3)"]
    assert sum(part.count("가나다라마바사아자차") for part in parts) == 800


@on_sqlite
def test_refused_message_is_a_dead_letter_with_its_reason(telegram, queue):
    telegram.fail("400", chat_id=ADA)
    queue(ADA, "x")
    queue(BOB, "y")

    with running_sender(telegram):
        until(lambda: statuses() == ["dead", "sent"], "one dead, one sent")

    assert "Chat not found" in str(rows(status="dead")[0].last_error)


@on_sqlite
def test_row_nobody_understands_does_not_stop_the_others(telegram, queue):
    queue(ADA, kind="horoscope", payload={})
    queue(BOB, "y")

    with running_sender(telegram):
        until(lambda: statuses() == ["dead", "sent"], "one dead, one sent")


@on_sqlite
def test_rejected_token_pauses_and_everything_goes_out_when_it_is_back(telegram, queue, monkeypatch):
    monkeypatch.setattr("app.bot.sender.TOKEN_CHECK_S", 0.2)
    telegram.revoke_token()
    for chat_id in (ADA, BOB):
        queue(chat_id, "x")

    with running_sender(telegram) as sender:
        until(lambda: sender.is_token_rejected and statuses() == ["pending"] * 2, "paused")
        tries = len(telegram.calls("sendMessage"))
        time.sleep(0.5)
        assert len(telegram.calls("sendMessage")) == tries
        telegram.revoke_token(False)
        until(all_sent, "sent")

    assert [telegram.texts(chat_id) for chat_id in (ADA, BOB)] == [["x"], ["x"]]
    assert all(TOKEN not in (row.last_error or "") for row in rows())


def test_two_senders_send_nothing_twice(telegram, queue):
    telegram.set_limits(overall_per_s=0, per_chat_per_s=0)
    for number in range(60):
        queue(1000 + number % 30, f"{number}")

    with running_sender(telegram), running_sender(telegram):
        until(all_sent, "all sent", 30)

    assert Counter(message["text"] for message in telegram.messages()) == Counter(str(n) for n in range(60))


@on_sqlite
def test_stopped_sender_gives_back_what_it_had_not_begun(telegram, queue):
    telegram.fail("slow", seconds=0.3)
    for number in range(60):
        queue(1000 + number, "x")

    with running_sender(telegram, lease_s=60):
        until(lambda: len(telegram.messages()) > 5, "some sent")
    left = set(statuses())
    telegram.heal()
    with running_sender(telegram, lease_s=60):
        until(all_sent, "the rest", 10)

    assert left <= {"sent", "pending"}
    assert len(telegram.messages()) == 60
    assert not any(message["text"].startswith("(재전송)") for message in telegram.messages())


@on_sqlite
def test_messages_are_noted_as_leaving_one_by_one_however_slow_the_database(telegram, queue, monkeypatch):
    """Whatever is noted and has not left when the process is killed will carry a mark for nothing."""

    def slowly(steps, write=ledger._run):
        time.sleep(0.15)
        return write(steps)

    monkeypatch.setattr("app.bot.ledger._run", slowly)
    for number in range(10):
        queue(1000 + number, "x")

    ahead = []
    with running_sender(telegram):
        while not all_sent():
            noted = sum(row.sending_at is not None for row in rows())
            ahead.append(noted - len(telegram.messages()))

    assert max(ahead) <= 2  # one before it leaves, one on its way


@on_sqlite
def test_answer_that_takes_longer_than_the_lease_makes_no_copy(telegram, queue):
    telegram.fail("slow", seconds=1.7)
    queue(ADA, "x")

    with running_sender(telegram, lease_s=1.2):
        until(all_sent, "sent")

    assert telegram.texts(ADA) == ["x"]
    assert rows()[0].ambiguous_attempts == 0


@on_sqlite
def test_answer_that_cannot_be_written_down_makes_no_copy_though_the_lease_expires(telegram, queue, monkeypatch):
    def refuse(*_words):
        raise OperationalError("UPDATE", {}, ConnectionError("away"))

    queue(ADA, "x")
    with monkeypatch.context() as away:
        away.setattr(outbox, "mark_sent", refuse)
        away.setattr(outbox, "renew", refuse)
        with running_sender(telegram, lease_s=0.6):
            until(lambda: telegram.texts(ADA), "the request")
            time.sleep(1.5)
            away.undo()
            until(all_sent, "written down")

    assert telegram.texts(ADA) == ["x"]


@on_sqlite
def test_sender_that_was_frozen_before_the_request_does_not_send_on_an_old_lease(telegram, queue, monkeypatch):
    calls = []

    def freeze_once(*words, begin=outbox.begin):
        calls.append(words)
        time.sleep(1.0 if len(calls) == 1 else 0)
        return begin(*words)

    monkeypatch.setattr(outbox, "begin", freeze_once)
    queue(ADA, "x")

    with running_sender(telegram, lease_s=1.8):
        until(all_sent, "sent")

    assert len(calls) == 2
    assert telegram.texts(ADA) == ["x"]


@on_sqlite
def test_late_alert_says_from_when_it_is(telegram, queue):
    queue(ADA, "x", now=clock.now() - timedelta(hours=3))

    with running_sender(telegram):
        until(all_sent, "sent")

    assert telegram.texts(ADA)[0].startswith("(지연) ")


def test_outbox_that_is_away_for_a_while_loses_and_doubles_nothing(telegram, queue, environment):
    for number in range(40):
        queue(1000 + number, "x")

    with running_sender(telegram, lease_s=1.2):  # which the outage outlasts
        until(lambda: len(telegram.messages()) > 5, "some sent")
        with db.transaction() as session:
            session.execute(text("ALTER TABLE outbox RENAME TO outbox_away"))
        time.sleep(2)
        with db.transaction() as session:
            session.execute(text("ALTER TABLE outbox_away RENAME TO outbox"))
        until(all_sent, "all sent")

    assert sorted(message["chat_id"] for message in telegram.messages()) == list(range(1000, 1040))
