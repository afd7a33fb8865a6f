import pytest

from app.bot.alerts import read_alert
from app.errors import AppError
from app.texts import ko


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("005930 90000 이상", ("005930", 90000, "gte")),
        ("005930 90,000원 이하", ("005930", 90000, "lte")),
        ("0126Z0 90000 gte", ("0126Z0", 90000, "gte")),
        ("삼성전자 90000 LTE", ("삼성전자", 90000, "lte")),
        ("LG 에너지솔루션 400000 이상", ("LG 에너지솔루션", 400000, "gte")),
        ("005930 90000이상", ("005930", 90000, "gte")),
        ("005930 90,000원이하", ("005930", 90000, "lte")),
    ],
)
def test_alert_is_understood(text, meant):
    assert read_alert(text.split(), ko) == meant


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("", ko.BOT_ALERT_USAGE),
        ("005930 90000", ko.BOT_ALERT_USAGE),
        ("005930 이상 90000", ko.BOT_ALERT_BAD_INPUT),
        ("005930 9만 이상", ko.BOT_ALERT_BAD_INPUT),
        ("005930 -5 이상", "가격은 1원부터 100,000,000원까지 정할 수 있습니다."),
        ("005930 90000.5 이상", ko.BOT_ALERT_BAD_INPUT),
        ("005930 ²³ 이상", ko.BOT_ALERT_BAD_INPUT),
        ("005930 0 이상", "가격은 1원부터 100,000,000원까지 정할 수 있습니다."),
        ("005930 999999999999999 이상", "가격은 1원부터 100,000,000원까지 정할 수 있습니다."),
        ("005930 9999999999999999999999 이상", "가격은 1원부터 100,000,000원까지 정할 수 있습니다."),
    ],
)
def test_what_cannot_be_meant_gets_the_reason(text, answer):
    with pytest.raises(AppError) as refused:
        read_alert(text.split(), ko)

    assert refused.value.message == answer
