from datetime import UTC, datetime

import pytest
from telegram import Update

from app.bot.calls import read_call

ADA, BOB = 7, 8
NOW = int(datetime(2026, 11, 23, 1, 0, tzinfo=UTC).timestamp())


def person(telegram_id=ADA, **words):
    return {"id": telegram_id, "is_bot": False, "first_name": "Ada", "language_code": "ko", **words}


def message(text="/alert 005930 90000 이상", sender=None, chat=None, **words):
    chat = chat or {"id": ADA, "type": "private", "first_name": "Ada"}
    return {"message_id": 1, "date": NOW, "chat": chat, "from": sender or person(), "text": text, **words}


def read(admin_ids=(), **update):
    return read_call(Update.de_json({"update_id": 1, **update}, None), bot_name="stand_in_bot", admin_ids=admin_ids)


GROUP = {"id": -5, "type": "supergroup", "title": "G"}
FORWARDED = {"forward_origin": {"type": "user", "date": NOW, "sender_user": person()}}
AS_CHANNEL = {"sender_chat": {"id": -9, "type": "channel", "title": "C"}}


def test_command_is_read_with_its_words():
    call = read(message=message())

    assert (call.command, call.words) == ("alert", ("005930", "90000", "이상"))
    assert (call.chat_id, call.telegram_id, call.language) == (ADA, ADA, "ko")


def test_full_width_digits_count_as_digits():
    assert read(message=message("/alert 005930 90000 이상")).words == ("005930", "90000", "이상")


@pytest.mark.parametrize("text", ["/price@stand_in_bot 005930", "/PRICE 005930", "/price   005930\n"])
def test_ways_to_write_one_command(text):
    call = read(message=message(text))

    assert (call.command, call.words) == ("price", ("005930",))


@pytest.mark.parametrize(
    "update",
    [
        {"edited_message": message()},
        {"channel_post": message()},
        {"message": message("/price@another_bot 005930")},
        {"message": message(sender=person(is_bot=True))},
        {"message": message(sender=person(1087968824))},
        {"message": message(sender=person(777000))},
        {"message": message(sender=person(136817688))},
        {"message": message(chat=GROUP, **AS_CHANNEL)},
        {"message": message("just talking", chat=GROUP)},
        {"message": message("   ")},
        {"message": {key: value for key, value in message().items() if key != "text"}},
        {"callback_query": {"id": "1", "from": person(), "chat_instance": "1", "data": "alert_remove 1"}},
    ],
)
def test_what_is_not_a_request_of_a_person_gets_no_answer(update):
    assert read(**update) is None


@pytest.mark.parametrize(
    "words",
    [
        {"message": message("/admin_stats", sender=person(BOB))},
        {"message": message("/admin_stats", chat=GROUP)},
        {"message": message("/admin_stats", **FORWARDED)},
    ],
)
def test_rights_of_an_administrator_need_the_id_and_a_private_message_of_their_own(words):
    assert read(admin_ids={ADA}, **words).is_admin is False


def test_administrator_is_known_by_number():
    assert read(admin_ids={ADA}, message=message("/admin_stats")).is_admin is True
    assert read(admin_ids=(), message=message("/admin_stats")).is_admin is False


def pressed(data):
    return {"id": "1", "from": person(), "chat_instance": "1", "data": data, "message": message()}


def test_button_is_the_command_it_stands_for():
    call = read(callback_query=pressed("alert_remove 12"))

    assert (call.command, call.words, call.callback_id) == ("alert_remove", ("12",), "1")


@pytest.mark.parametrize(
    "data",
    ["", "admin_stats", "alert_remove", "alert_remove x", "alert_remove 1 2", "start", "\x00", "alert_remove -1"],
)
def test_button_we_never_made_does_nothing(data):
    assert read(callback_query=pressed(data)) is None
