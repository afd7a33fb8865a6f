"""The bot as it is run: what it says about itself, how it ends, what it never tells."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from telegram import Bot

from app import clock, db
from app.models import Heartbeat, User
from app.services import users
from tests.integration.app.bot.conftest import IMPATIENT_BOT, rows, statuses, until
from tests.stand_ins.telegram import TOKEN

ADA, BOB, ADMIN, STRANGER = 7, 8, 9, 10
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def heartbeat():
    with db.transaction(read_only=True) as session:
        beat = session.get(Heartbeat, "bot")
        return (beat.status, beat.detail) if beat else ("none", "")


def is_well():
    return heartbeat()[0] == "ok"


@on_sqlite
def test_bot_without_a_token_says_so_and_counts_as_alive(environment, bot_process, tmp_path):
    bot = bot_process(TELEGRAM_BOT_TOKEN="")
    until(lambda: heartbeat()[0] == "disabled", "the heartbeat")

    assert "TELEGRAM_BOT_TOKEN" in heartbeat()[1]
    assert (tmp_path / "heartbeats" / "bot").exists()
    assert bot.stop() == 0


@on_sqlite
def test_bot_with_a_rejected_token_lives_says_so_and_keeps_the_messages(telegram, queue, bot_process, tmp_path):
    telegram.revoke_token()
    queue(ADA, "x")

    bot = bot_process()
    until(lambda: heartbeat()[0] == "failed" and "TELEGRAM_BOT_TOKEN" in heartbeat()[1], "the heartbeat")

    assert statuses() == ["pending"]
    assert not (tmp_path / "heartbeats" / "bot").exists()
    assert bot.stop() == 0


@on_sqlite
def test_person_sets_an_alert_and_hears_back(telegram, market, bot_process):
    bot = bot_process()
    for text in ("/start", "/alert 삼성전자 90,000원 이상"):
        telegram.write(ADA, text)
    until(lambda: len(telegram.texts(ADA)) == 2, "both answers")

    assert telegram.texts(ADA)[1] == "✅ '삼성전자(005930)'의 가격 알림을 '90,000원 이상'(으)로 설정했습니다."
    assert {command["command"] for command in telegram.commands()} >= {"start", "help", "alert", "price"}
    until(is_well, "a sign of life")
    assert bot.stop() == 0


@on_sqlite
def test_update_that_cannot_be_read_keeps_nobody_else_from_an_answer(telegram, market, bot_process):
    odd = {"message": {"message_id": "not a number", "date": "not a date", "chat": 5}}
    telegram.write(ADA, "/start")
    telegram.push(odd)
    telegram.write(BOB, "/start")

    bot = bot_process()

    until(lambda: telegram.texts(ADA) and telegram.texts(BOB), "both answers")
    until(lambda: telegram.unconfirmed_updates() == [], "the odd update's confirmation")
    assert len(telegram.texts(ADA)) == 1
    assert bot.stop() == 0


@on_sqlite
def test_account_gets_its_waiting_alerts_when_it_links_its_chat(telegram, queue, person, bot_process):
    user_id = person(None, username="ada", password_hash="$argon2id$x")
    with db.transaction() as session:
        code = users.issue_link_code(session, session.get_one(User, user_id), clock.now())
    queue(None, user_id=user_id)

    bot_process()
    telegram.write(ADA, f"/start {code}")

    until(lambda: len(telegram.texts(ADA)) == 2, "the welcome and the alert")
    assert "ada" in telegram.texts(ADA)[0]
    assert "가격 알림" in telegram.texts(ADA)[1]


@on_sqlite
def test_person_who_unblocks_the_bot_gets_what_was_parked(telegram, queue, person, bot_process):
    telegram.fail("403", chat_id=ADA)
    queue(ADA, user_id=person(ADA))
    bot_process()
    until(lambda: statuses() == ["parked"], "parked")

    telegram.heal()
    telegram.write(ADA, "/start")

    until(lambda: len(telegram.texts(ADA)) == 2, "the welcome and the alert")


@on_sqlite
@pytest.mark.parametrize(("status", "expected"), [("kicked", "parked"), ("member", "sent")])
def test_bot_believes_telegram_about_being_blocked(telegram, queue, person, bot_process, status, expected):
    user_id = person(ADA, chat_unreachable_since=None if status == "kicked" else clock.now())
    member = {"user": {"id": 123456, "is_bot": True, "first_name": "b"}}
    ada = {"id": ADA, "is_bot": False, "first_name": "Ada"}
    change = {
        "chat": {"id": ADA, "type": "private", "first_name": "Ada"},
        "from": ada,
        "date": int(clock.now().timestamp()),
        "old_chat_member": {**member, "status": "member"},
        "new_chat_member": {**member, "status": status, "until_date": 0},
    }

    bot_process()
    telegram.push({"my_chat_member": change})
    until(lambda: not telegram.unconfirmed_updates(), "the update is read")
    queue(ADA, user_id=user_id)

    until(lambda: statuses() == [expected], expected)


@on_sqlite
def test_second_poller_is_reported_once_and_the_bot_carries_on(telegram, bot_process, environment):
    bot = bot_process(*IMPATIENT_BOT)
    until(is_well, "a sign of life")

    async def poll_too():
        async with Bot(TOKEN, base_url=f"{telegram.url}/bot") as other:
            for _ in range(2):
                await other.get_updates(timeout=0)
                await asyncio.sleep(0.2)

    asyncio.run(poll_too())
    telegram.write(ADA, "/start")
    until(lambda: telegram.texts(ADA), "an answer")

    assert bot.output.read_text().count("another process polls with the same token") == 1
    until(is_well, "well again")


@on_sqlite
def test_administrators_command_from_before_the_restart_is_not_run(telegram, person, bot_process):
    person(ADMIN)
    person(STRANGER)
    long_ago = int((clock.now() - timedelta(minutes=5)).timestamp())
    telegram.write(ADMIN, "/admin_stats", date=long_ago)
    telegram.write(STRANGER, "/admin_stats")
    bot_process(TELEGRAM_ADMIN_IDS=str(ADMIN))
    until(lambda: telegram.texts(ADMIN) and telegram.texts(STRANGER), "refusals")

    telegram.write(ADMIN, "/admin_stats")
    until(lambda: len(telegram.texts(ADMIN)) == 2, "the answer")

    assert "실행하지 않습니다" in telegram.texts(ADMIN)[0]
    assert telegram.texts(STRANGER) == ["관리자 전용 명령어입니다."]
    assert "시스템 통계" in telegram.texts(ADMIN)[1]


@on_sqlite
def test_token_is_in_no_log_whatever_fails_and_no_coroutine_is_forgotten(
    telegram, market, queue, person, bot_process, tmp_path
):
    person(ADA)
    for number, kind in enumerate(("500", "502", "drop_before", "drop_after", "garbage", "400", "403", "404")):
        telegram.fail(kind, chat_id=1000 + number, count=1)
        queue(1000 + number)
    telegram.fail("500", method="getUpdates", count=1)
    telegram.fail("drop_before", method="getMe", count=1)

    bot = bot_process(LOG_LEVEL="DEBUG")
    telegram.write(ADA, "/alert 005930 90000 이상")
    until(lambda: telegram.texts(ADA), "an answer", 40)
    telegram.revoke_token()
    queue(ADA, "x")
    until(lambda: heartbeat()[0] == "failed", "the rejection is noticed")
    assert bot.stop() == 0

    said = "".join(file.read_text() for file in (bot.output, *Path(tmp_path / "logs").iterdir()))
    stored = "".join(str(row.last_error) for row in rows())
    assert "Calling Bot API endpoint" in said
    assert TOKEN not in said + stored
    assert TOKEN.partition(":")[2] not in said + stored
    assert "HTTP Request" not in said  # the library's own line holds the whole URL
    assert "never awaited" not in said
    assert "Traceback" not in said, said[said.index("Traceback") - 300 :][:3000]
    assert "ResourceWarning" not in said


@on_sqlite
def test_bot_of_a_library_user_hides_its_token(telegram):
    from app.bot.main import QuietBot

    assert TOKEN not in f"{QuietBot(TOKEN)!r} {QuietBot(TOKEN)}"


@on_sqlite
def test_bot_starts_before_telegram_and_the_outbox_waits(environment, queue, bot_process, telegram):
    queue(ADA, "x")
    bot = bot_process(TELEGRAM_API_URL="http://127.0.0.1:9")
    until(lambda: "no connection" in heartbeat()[1], "the trouble is told")

    assert statuses() == ["pending"] or statuses() == ["leased"]
    assert bot.stop() == 0
    assert statuses() == ["pending"]
    assert rows()[0].ambiguous_attempts == 0
