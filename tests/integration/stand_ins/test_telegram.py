"""The Telegram stand-in behaves as the real one does towards python-telegram-bot, and writes down what it received."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from tests.stand_ins.telegram import TOKEN, Telegram, running_telegram

pytestmark = pytest.mark.filterwarnings("ignore:(?s).*retry_after")
ROOT = Path(__file__).parents[3]
ADA, BOB, GROUP = 7, 8, -100


@pytest.fixture
def telegram():
    with running_telegram() as server:
        yield server


def ask(telegram, *calls, token=TOKEN, together=False):
    """Make the calls with a real Bot; gives results, and exceptions in their place."""

    async def live():
        bot = Bot(token, base_url=f"{telegram.url}/bot")
        async with bot._request[0], bot._request[1]:
            if together:
                return await asyncio.gather(*(call(bot) for call in calls), return_exceptions=True)
            return [(await asyncio.gather(call(bot), return_exceptions=True))[0] for call in calls]

    return asyncio.run(live())


def send(chat_id, text="hello", **words):
    return lambda bot: bot.send_message(chat_id, text, **words)


def test_message_arrives_and_is_answered_with_its_number(telegram):
    first, second = ask(telegram, send(ADA, "<b>안녕</b>", parse_mode="HTML"), send(BOB))

    assert (first.message_id, second.message_id) == (1, 2)
    assert telegram.texts(ADA) == ["<b>안녕</b>"]
    assert telegram.messages(BOB)[0]["answered"] is True


def test_photo_arrives_by_multipart(telegram):
    (photo,) = ask(telegram, lambda bot: bot.send_photo(ADA, b"\x89PNG not really", caption="chart"))

    assert photo.message_id == 1
    assert telegram.texts(ADA) == ["chart"]


def test_edit_needs_a_message_that_exists(telegram):
    _, edited, refused = ask(
        telegram,
        send(ADA),
        lambda bot: bot.edit_message_text("new", chat_id=ADA, message_id=1),
        lambda bot: bot.edit_message_text("new", chat_id=ADA, message_id=99),
    )

    assert edited.text == "new"
    assert isinstance(refused, BadRequest)


def test_methods_without_a_memory_answer_true(telegram):
    answers = ask(telegram, lambda bot: bot.delete_message(ADA, 1), lambda bot: bot.delete_webhook())

    assert answers == [True, True]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (send(ADA, "x" * 4097), "too long"),
        (send(ADA, " "), "empty"),
        (send(ADA, "a < b", parse_mode="HTML"), "can't parse entities"),
        (send(ADA, "<b>open", parse_mode="HTML"), "can't parse entities"),
        (send("nobody"), "chat not found"),
        (
            send(ADA, reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data="가" * 22)]])),
            "button_data_invalid",
        ),
    ],
)
def test_wrong_parameters_are_refused_as_by_telegram(telegram, call, text):
    (refusal,) = ask(telegram, call)

    assert isinstance(refusal, BadRequest)
    assert text in str(refusal).lower()
    assert telegram.messages() == []


@pytest.mark.parametrize("token", ["123456:another", "nonsense"])
def test_wrong_token_is_refused(telegram, token):
    (refusal,) = ask(telegram, lambda bot: bot.get_me(), token=token)

    assert isinstance(refusal, InvalidToken)


def test_revoked_token_is_refused_until_it_is_back(telegram):
    telegram.revoke_token()
    (refused,) = ask(telegram, send(ADA))
    telegram.revoke_token(False)

    (message,) = ask(telegram, send(ADA))

    assert isinstance(refused, InvalidToken)
    assert message.message_id == 1


@pytest.mark.parametrize(
    ("kind", "error", "cause", "is_delivered"),
    [
        ("429", RetryAfter, None, False),
        ("403", Forbidden, None, False),
        ("400", BadRequest, None, False),
        ("migrate", ChatMigrated, None, False),
        ("401", InvalidToken, None, False),
        ("404", InvalidToken, None, False),
        ("500", NetworkError, None, False),
        ("502", NetworkError, TelegramError, False),
        ("504", NetworkError, TelegramError, False),
        ("drop_before", NetworkError, httpx.RemoteProtocolError, False),
        ("drop_after", NetworkError, httpx.RemoteProtocolError, True),
        ("garbage", TelegramError, json.JSONDecodeError, True),
        ("stall", TimedOut, httpx.ReadTimeout, True),
    ],
)
def test_fault_looks_as_it_does_on_the_real_wire(telegram, kind, error, cause, is_delivered):
    telegram.fail(kind, chat_id=ADA, seconds=2, migrate_to=GROUP)

    failure, other = ask(telegram, send(ADA, read_timeout=1), send(BOB))

    assert isinstance(failure, error)
    assert cause is None or isinstance(failure.__cause__, cause)
    assert telegram.texts(ADA) == (["hello"] if is_delivered else [])
    assert other.message_id


def test_fault_lasts_as_often_as_told(telegram):
    telegram.fail("500", count=2)

    answers = ask(telegram, send(ADA), send(ADA), send(ADA))

    assert [isinstance(answer, NetworkError) for answer in answers] == [True, True, False]


def test_faults_with_a_probability_hit_about_that_share(telegram):
    telegram.set_limits(overall_per_s=0, per_chat_per_s=0)
    telegram.fail("500", probability=0.3)

    answers = ask(telegram, *(send(ADA) for _ in range(200)))

    assert 30 < sum(isinstance(answer, NetworkError) for answer in answers) < 90


def test_more_than_thirty_a_second_are_refused_with_a_time(telegram):
    answers = ask(telegram, *(send(chat_id) for chat_id in range(1, 41)), together=True)

    refused = [answer for answer in answers if isinstance(answer, RetryAfter)]
    assert len(telegram.messages()) == 30
    assert len(refused) == 10


def test_one_chat_takes_a_short_burst_only(telegram):
    answers = ask(telegram, *(send(ADA) for _ in range(5)))

    assert [isinstance(answer, RetryAfter) for answer in answers] == [False, False, False, True, True]


def test_group_takes_twenty_a_minute(telegram):
    telegram.set_limits(per_chat_per_s=0)

    answers = ask(telegram, *(send(GROUP) for _ in range(21)))

    assert len(telegram.messages(GROUP)) == 20
    assert isinstance(answers[-1], RetryAfter)


def test_update_stays_until_it_is_confirmed(telegram):
    update_id = telegram.write(ADA, "/start")

    first, again, after = ask(
        telegram,
        lambda bot: bot.get_updates(),
        lambda bot: bot.get_updates(),
        lambda bot: bot.get_updates(offset=update_id + 1),
    )

    assert [update.message.text for update in (*first, *again)] == ["/start", "/start"]
    assert after == ()
    assert telegram.unconfirmed_updates() == []


def test_button_is_delivered_as_a_callback(telegram):
    telegram.press(ADA, "alert_remove 1")

    ((update,),) = ask(telegram, lambda bot: bot.get_updates())

    assert (update.callback_query.data, update.effective_user.id) == ("alert_remove 1", ADA)


def test_long_poll_ends_when_an_update_arrives(telegram):
    async def write_soon(_bot):
        await asyncio.sleep(0.3)
        await asyncio.to_thread(telegram.write, ADA, "hi")

    started = time.monotonic()
    updates, _ = ask(telegram, lambda bot: bot.get_updates(timeout=10), write_soon, together=True)

    assert [update.message.text for update in updates] == ["hi"]
    assert time.monotonic() - started < 3


def test_second_poller_ends_the_first_ones_wait_with_409(telegram):
    async def poll_later(_bot):
        await asyncio.sleep(0.3)
        return (await asyncio.to_thread(ask, telegram, lambda bot: bot.get_updates(timeout=0)))[0]

    first, second = ask(telegram, lambda bot: bot.get_updates(timeout=10), poll_later, together=True)

    assert isinstance(first, Conflict)
    assert second == ()


def test_words_the_control_does_not_know_are_refused(telegram):
    with pytest.raises(ValueError, match="kind must be one of"):
        telegram.fail("explode")
    with pytest.raises(ValueError, match="chat"):
        telegram.fail("500", chat=7)


def test_log_of_a_killed_server_holds_every_message_it_answered(tmp_path):
    log = tmp_path / "received.jsonl"
    words = [sys.executable, "-m", "tests.stand_ins.telegram", "--port", "0", "--log", str(log)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        telegram = Telegram(server.stdout.readline().strip())
        telegram.fail("drop_after", chat_id=BOB)
        ask(telegram, send(ADA, "하나"), send(BOB, "둘"))
        server.kill()

    received = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [(one["chat_id"], one["text"], one["answered"]) for one in received] == [
        (ADA, "하나", True),
        (BOB, "둘", False),
    ]
