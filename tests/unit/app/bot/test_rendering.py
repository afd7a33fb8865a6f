from datetime import UTC, datetime

import pytest

from app.bot.rendering import LONGEST_TEXT, CannotRender, Text, length, render, split_text
from app.services.outbox import Leased

FIRED = {"symbol": "005930", "name": "삼성전자", "condition": "gte", "target_price": 90000, "price": 90100}
MORNING = datetime(2026, 11, 23, 1, 3, 2, tzinfo=UTC)


def leased(kind="price_alert", payload=FIRED, language="ko", is_repeat=False, is_late=False):
    return Leased(42, 7, kind, payload, 10, language, is_repeat, is_late, attempts=1, created_at=MORNING)


def test_fired_alert_reads_as_people_know_it():
    text = render(leased())

    assert text.plain == "🔔 가격 알림: 삼성전자(005930)\n현재가 90,100원이 목표가 90,000원 이상에 도달했습니다."


def test_fired_alert_speaks_english_to_those_who_asked_for_it():
    assert "Price alert: 삼성전자 (005930)" in render(leased(language="en")).plain


@pytest.mark.parametrize("language", ["ko", "en"])
def test_copy_says_that_it_is_one_and_of_which_message(language):
    assert render(leased(language=language, is_repeat=True)).plain.startswith("(재전송)")
    assert "#42" in render(leased(language=language, is_repeat=True)).plain


def test_late_message_says_from_when_it_is_in_korean_time():
    assert render(leased(is_late=True)).plain.startswith("(지연) 11/23 10:03:02")


def test_markup_in_names_is_only_text():
    text = render(leased(payload={**FIRED, "name": "<b>A&B</i>"}))

    assert "&lt;b&gt;A&amp;B&lt;/i&gt;" in text.html
    assert "<b>A&B</i>(005930)" in text.plain


@pytest.mark.parametrize(
    ("kind", "payload"), [("news", {}), ("price_alert", {"symbol": "005930"}), ("text", {}), ("html", {})]
)
def test_row_that_nobody_understands_is_named_not_guessed(kind, payload):
    with pytest.raises(CannotRender, match=kind):
        render(leased(kind, payload))


@pytest.mark.parametrize("rubbish", ["\x00", "\ud800", "\x1b[31m"])
def test_what_no_message_may_hold_is_replaced(rubbish):
    text = render(leased("text", {"text": f"a{rubbish}b"}))

    text.html.encode()
    assert rubbish[0] not in text.html


@pytest.mark.parametrize("text", ["가" * 10_000, "😀" * 5_000, "한 줄\n" * 2_000, "x" * 4_097])
def test_parts_of_a_long_text_fit_and_lose_nothing(text):
    parts = split_text(text, "ko")

    bodies = [part.split("\n", 1)[1] for part in parts]
    assert all(length(part) <= LONGEST_TEXT for part in parts)
    assert "".join(bodies).replace("\n", "") == text.replace("\n", "")
    assert parts[0].startswith(f"(1/{len(parts)})")


def test_length_is_counted_as_telegram_does():
    assert not Text("<b>" + "😀" * 2_048 + "</b>").is_too_long
    assert Text("😀" * 2_049).is_too_long
