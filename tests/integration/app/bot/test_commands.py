"""What people get for what they type; each update through the bot's own door, on both databases."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from telegram import Update

from app import clock, db
from app.bot.answering import Answering
from app.models import Alert, Quote, Symbol, User
from app.services import alerts, outbox, users
from app.texts import en, ko
from tests.integration.app.bot.conftest import rows

ADA, BOB, GROUP = 7, 8, -100


@pytest.fixture
def now():
    return datetime.now(UTC)


@pytest.fixture
def say(market, now):
    """Type something to the bot; gives the reply that waits in the outbox."""
    answering = Answering(bot_id="123456", admin_ids={ADA})
    answering.bot_name = "stand_in_bot"
    numbers = iter(range(1, 1_000_000))

    def say(text, chat_id=ADA, *, sender=None, update_id=None, language="ko", first_name="Ada"):
        update_id = update_id or next(numbers)
        chat = {"id": chat_id, "type": "private" if chat_id > 0 else "supergroup", "title": "G"}
        person = {"id": sender or abs(chat_id), "is_bot": False, "first_name": first_name, "language_code": language}
        message = {"message_id": 1, "date": int(now.timestamp()), "chat": chat, "from": person, "text": text}
        answering.answer(Update.de_json({"update_id": update_id, "message": message}, None), now)
        reply = rows(dedup_key=f"update:123456:{update_id}")
        return reply[0].payload["html"] if reply else None

    return say


def all_alerts():
    with db.transaction(read_only=True) as session:
        return list(session.scalars(select(Alert).order_by(Alert.id)))


def user_of(chat_id) -> Any:
    with db.transaction(read_only=True) as session:
        return users.find_by_chat(session, chat_id)


def quote(now, price=90_100, **words):
    values = {"symbol": "005930", "price": price, "base_price": 89_000, "traded_at": now, "received_at": now}
    with db.transaction() as session:
        session.add(Quote(**values, fresh_until=words.pop("fresh_until", now + timedelta(minutes=1)), **words))


def test_start_makes_the_chat_known_and_says_how_to_go_on(say):
    reply = say("/start")

    assert "환영합니다" in reply
    assert "/help" in reply
    assert user_of(ADA).language == "ko"


def test_start_twice_is_one_account(say):
    say("/start")
    say("/start")

    with db.transaction(read_only=True) as session:
        assert len(list(session.scalars(select(User)))) == 1


def test_name_of_a_symbol_cannot_break_the_markup(say, now):
    with db.transaction() as session:
        session.add(Symbol(symbol="123456", name="<b>A&B", updated_at=now))
    say("/start")

    answers = [say(words) for words in ("/alert 123456 1 이상", "/alert", "/price 123456", "/price <b>없음")]

    assert all("&lt;b&gt;" in answer for answer in answers)
    assert not any("<b>A" in answer or "<b>없" in answer for answer in answers)


def test_refusals_come_in_the_callers_language(say, monkeypatch):
    monkeypatch.setattr("app.services.alerts.ALERTS_PER_USER", 1)
    say("/start", BOB, language="en")
    say("/start", ADA)

    english = [say(words, BOB) for words in ("/alert_remove 99", "/start WRONGCODE9", *["/alert 005930 90000 gte"] * 2)]

    assert english[0] == "There is no such alert."
    assert english[1].startswith("That link code is wrong")
    assert english[3] == "You can have 1 alerts at most. Please remove one that you no longer need."
    assert say("/alert_remove 99", ADA) == "알림을 찾을 수 없습니다."


def test_people_with_another_language_are_answered_in_english(say):
    say("/start", language="de")

    assert say("/alert") == en.BOT_ALERTS_NONE
    assert say("/language ko") == ko.BOT_LANGUAGE_SET
    assert say("/alert") == ko.BOT_ALERTS_NONE


def test_name_with_markup_is_only_a_name(say):
    assert "&lt;b&gt;A&amp;B" in say("/start", first_name="<b>A&B")


@pytest.mark.parametrize("command", ["/alert 005930 1 이상", "/price 005930", "/alert_list", "/unregister", "hello"])
def test_stranger_is_asked_to_start_first(say, command):
    assert say(command) == ko.BOT_START_FIRST
    assert all_alerts() == []


@pytest.mark.parametrize("command", ["/alert", "/alert_add", "/set_price", "/alert add"])
@pytest.mark.parametrize("words", ["005930 90000 이상", "삼성전자 90,000원 gte"])
def test_alert_is_set_by_every_name_people_know(say, command, words):
    say("/start")

    reply = say(f"{command} {words}")

    assert reply == "✅ '삼성전자(005930)'의 가격 알림을 '90,000원 이상'(으)로 설정했습니다."
    assert [(one.symbol, one.condition, one.target_price) for one in all_alerts()] == [("005930", "gte", 90_000)]


def test_code_with_letters_is_a_code(say):
    say("/start")

    assert "0126Z0" in say("/alert 0126z0 50000 이하")


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("삼성 90000 이상", "여러 종목이 검색되었습니다"),
        ("없는회사 90000 이상", "'없는회사'에 해당하는 종목을 찾을 수 없습니다."),
        ("<b> 90000 이상", "'&lt;b&gt;'에"),
        ("% 90000 이상", "'%'에 해당하는"),
        ("005930 구만 이상", "입력이 잘못되었습니다"),
    ],
)
def test_alert_that_cannot_be_set_says_why_and_sets_nothing(say, words, answer):
    say("/start")

    assert answer in say(f"/alert {words}")
    assert all_alerts() == []


def test_alerts_are_listed_with_their_state_and_removed_by_number(say, now):
    say("/start")
    say("/alert 005930 90000 이상")
    say("/alert 005930 80000 이하")
    quote(now)
    with db.transaction() as session:
        alerts.fire_due(session, now)

    reply = say("/alert_list")
    waiting, fired = reply.splitlines()[1:3]

    assert waiting == "2. 삼성전자(005930) 80,000원 이하 (활성)"
    assert fired.startswith("1. 삼성전자(005930) 90,000원 이상 (")
    assert "전송 대기" in fired
    assert say("/alert_remove 2") == "알림 번호 2 삭제 완료"
    assert [one.id for one in all_alerts()] == [1]


def test_alert_of_somebody_else_cannot_be_removed(say):
    say("/start", BOB)
    say("/alert 005930 90000 이상", BOB)
    say("/start", ADA)

    assert say("/alert_remove 1", ADA) == ko.ALERT_NOT_FOUND
    assert len(all_alerts()) == 1


def test_price_says_how_much_since_when_and_how_old(say, now):
    say("/start")
    quote(now)

    assert "현재가 90,100원 (+1,100원, +1.24%)" in say("/price 삼성전자")
    assert ko.BOT_PRICE_STALE not in say("005930")


def test_old_or_halted_price_carries_a_warning(say, now):
    say("/start")
    quote(now, fresh_until=now - timedelta(seconds=1), halted=True)

    reply = say("/price 005930")

    assert ko.BOT_PRICE_STALE in reply
    assert ko.BOT_PRICE_HALTED in reply


def test_unregister_and_register_switch_messages(say):
    say("/start")

    assert say("/unregister") == ko.BOT_UNREGISTERED
    assert user_of(ADA).wants_messages is False
    assert say("/register") == ko.BOT_REGISTERED
    assert user_of(ADA).wants_messages is True


def test_wrong_link_code_changes_nothing(say):
    assert say("/start NOSUCHCODE") == ko.LINK_CODE_REFUSED
    assert user_of(ADA) is None


def test_code_is_not_taken_in_a_group(say):
    assert say("/start ABCDEFGHJK", GROUP, sender=ADA) == ko.BOT_LINK_PRIVATE_ONLY


def test_group_has_alerts_of_its_own(say):
    say("/start", GROUP, sender=ADA)
    say("/alert 005930 90000 이상", GROUP, sender=ADA)

    assert user_of(GROUP).id == all_alerts()[0].user_id
    assert user_of(ADA) is None


def test_disabled_account_can_do_nothing(say, now):
    say("/start")
    with db.transaction() as session:
        users.set_active(session, user_of(ADA).id, active=False, now=now)

    assert say("/alert 005930 90000 이상") == ko.BOT_DISABLED


def test_administrators_numbers_are_for_administrators(say):
    assert "사용자 수" in say("/admin_stats", ADA)
    assert say("/admin_stats", BOB) == ko.BOT_ADMIN_ONLY
    assert say("/admin_stats", GROUP, sender=ADA) == ko.BOT_ADMIN_ONLY


def test_same_update_again_changes_nothing(say):
    say("/start")

    first = say("/alert 005930 90000 이상", update_id=500)
    again = say("/alert 005930 90000 이상", update_id=500)

    assert first == again
    assert len(all_alerts()) == 1
    assert len(rows()) == 2


def test_bug_in_a_command_is_an_apology_and_leaves_nothing_behind(say, monkeypatch, caplog):
    say("/start")
    set_alert = alerts.add_alert

    def add_and_fail(*arguments, **words):
        set_alert(*arguments, **words)
        raise RuntimeError("s3cret detail")

    monkeypatch.setattr(alerts, "add_alert", add_and_fail)

    assert say("/alert 005930 90000 이상") == ko.BOT_APOLOGY
    assert all_alerts() == []
    assert "s3cret detail" in caplog.text


def test_database_that_is_away_gets_no_reply_so_that_the_update_is_tried_again(say, monkeypatch):
    say("/start")

    def fail(*_arguments, **_words):
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr(alerts, "add_alert", fail)

    with pytest.raises(OperationalError):
        say("/alert 005930 90000 이상", update_id=500)
    monkeypatch.undo()
    assert "✅" in say("/alert 005930 90000 이상", update_id=500)


def test_whatever_people_type_is_answered(say):
    say("/start")
    chance = random.Random(7)
    letters = "/alert_price 0123456789이상하gte<>&'\"%\\\x00\u202e😀\ud83d가\t\n@;-"
    for _ in range(150):
        text = "".join(chance.choice(letters) for _ in range(chance.randint(1, 40)))
        command = chance.choice(("/alert ", "/price ", "/alert_remove ", "/start ", "/language ", "", "/"))

        reply = say(command + text)

        assert reply is None or (reply and ko.BOT_APOLOGY not in reply), repr(command + text)


def test_reply_to_a_chat_that_was_closed_opens_it(say, queue, person, now):
    user_id = person(BOB, chat_unreachable_since=now)
    queue(BOB, "parked before", user_id=user_id, now=clock.now())
    with db.transaction() as session:
        outbox.close_chat(session, BOB, now, "blocked")

    say("/help", BOB)

    assert {row.status for row in rows()} == {"pending"}
    assert user_of(BOB).chat_unreachable_since is None
