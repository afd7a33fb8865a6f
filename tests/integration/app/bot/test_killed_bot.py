"""kill -9 of the real bot process: nothing is lost, nothing is done twice, every copy says that it is one."""

import time
from collections import defaultdict
from functools import partial

import pytest
from sqlalchemy import func, select

from app import db
from app.models import Alert, User
from tests.integration.app.bot.conftest import IMPATIENT_BOT as IMPATIENT
from tests.integration.app.bot.conftest import rows, statuses, until

FIRST_CHAT, ALERTS = 1000, 200
PEOPLE, WISHES = 8, 5


def every_fortieth_chat(digit):
    return range(FIRST_CHAT + digit, FIRST_CHAT + ALERTS, 40)


def has_received(telegram, count):
    return len(telegram.messages()) >= count


def has_answered_more_than(count):
    return len(rows()) > count


def by_chat(messages):
    found = defaultdict(list)
    for message in sorted(messages, key=lambda message: (message["time"], message["message_id"])):
        found[message["chat_id"]].append(message["text"])
    return found


@pytest.mark.timeout(120)
def test_two_hundred_alerts_arrive_though_telegram_fails_and_the_bot_is_killed_twice(telegram, queue, bot_process):
    for kind, digit in (("429", 0), ("500", 3), ("drop_before", 7), ("drop_after", 10), ("garbage", 13), ("502", 17)):
        for chat_id in every_fortieth_chat(digit):
            telegram.fail(kind, chat_id=chat_id, count=1, seconds=0.5)
    for number in range(ALERTS):
        queue(FIRST_CHAT + number)

    for arrived in (30, 80):
        bot = bot_process(*IMPATIENT)
        until(partial(has_received, telegram, arrived), f"{arrived} messages")
        bot.kill()
    bot = bot_process(*IMPATIENT)
    until(lambda: set(statuses()) <= {"sent", "unknown"}, "everything settled", 60)

    received = by_chat(telegram.messages())
    assert set(received) == set(range(FIRST_CHAT, FIRST_CHAT + ALERTS))
    for texts in received.values():
        assert all(text.startswith("(재전송) #") for text in texts[1:]), texts
        assert all("가격 알림: 삼성전자(005930)" in text for text in texts)
    assert bot.stop() == 0


@pytest.mark.timeout(120)
def test_waiting_commands_are_done_exactly_once_though_the_bot_is_killed(telegram, market, person, bot_process):
    people = range(FIRST_CHAT, FIRST_CHAT + PEOPLE)
    for chat_id in people:
        person(chat_id)
    telegram.set_limits(overall_per_s=0, per_chat_per_s=0)
    for wish in range(WISHES):
        for chat_id in people:
            telegram.write(chat_id, f"/alert 005930 {90_000 + wish} 이상")

    for moment_s in (0.05, 0.15):
        before = len(rows())
        bot = bot_process(*IMPATIENT)
        until(partial(has_answered_more_than, before), "the next command")
        time.sleep(moment_s)
        bot.kill()
    bot = bot_process(*IMPATIENT)
    until(lambda: not telegram.unconfirmed_updates() and set(statuses()) == {"sent"}, "everything answered", 40)

    with db.transaction(read_only=True) as session:
        wishes = session.execute(
            select(User.telegram_chat_id, Alert.target_price, func.count())
            .join(User)
            .group_by(User.id, Alert.target_price)
        ).all()
    assert sorted(tuple(wish) for wish in wishes) == [
        (chat_id, 90_000 + wish, 1) for chat_id in people for wish in range(WISHES)
    ]
    for texts in by_chat(telegram.messages()).values():
        answers = [text for text in texts if not text.startswith("(재전송)")]
        assert len(answers) == len(set(answers)) <= WISHES
    assert len(rows()) == PEOPLE * WISHES
    assert bot.stop() == 0
