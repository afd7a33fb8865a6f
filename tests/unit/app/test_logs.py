import logging

import pytest

from app.logs import LineFormatter, redactor

KNOWN = {"JWT_SECRET_KEY": "a/key+with=signs" * 3, "PASSWORD": "hunter22"}


def line(message, *arguments, crash=None):
    record = logging.LogRecord("app.bot.sender", logging.ERROR, "x.py", 1, message, arguments, None)
    record.created = 1_795_395_782.123
    if crash:
        record.exc_info = (type(crash), crash, crash.__traceback__)
    return LineFormatter(redactor(KNOWN)).format(record)


def test_line_has_the_agreed_shape_in_korean_time():
    assert line("text") == "2026-11-23 10:03:02,123 - app.bot.sender - ERROR - text"


@pytest.mark.parametrize(
    "text",
    [
        "https://api.telegram.org/bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0/sendMessage",
        "token 123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0 refused",
        "postgresql+psycopg://stockalert:s3cr3tpass@db:5432/stockalert",
        "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.s3cr3tpass",
        "https://opendart.fss.or.kr/api/list.xml?crtfc_key=s3cr3tpass&page_no=1",
        "password=s3cr3tpass",
        '{"password": "s3cr3tpass"}',
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$s3cr3tpass",
        "key a/key+with=signsa/key+with=signsa/key+with=signs",
        "quoted a%2Fkey%2Bwith%3Dsignsa%2Fkey%2Bwith%3Dsignsa%2Fkey%2Bwith%3Dsigns",
        "known hunter22",
    ],
)
def test_secret_is_hidden(text):
    shown = line(text)

    for secret in ("s3cr3tpass", "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0", "with=signs", "with%3Dsigns", "hunter22"):
        assert secret not in shown


@pytest.mark.parametrize(
    "text", ["3 tokens: fine", "job check_price_alerts_job: 5 quotes", "http://127.0.0.1:8000/ready"]
)
def test_ordinary_text_stays_as_it_is(text):
    assert line(text).endswith(f" - {text}")


def test_secret_in_a_traceback_is_hidden_and_the_record_stays_one_line():
    try:
        raise RuntimeError("cannot reach hunter22\nTraceback")
    except RuntimeError as error:
        shown = line("crashed", crash=error)

    assert "hunter22" not in shown
    assert "RuntimeError" in shown
    assert len(shown.splitlines()) == 1


@pytest.mark.parametrize(
    "forged", ["a\n2026-11-23 10:03:02,123 - app - ERROR - forged", "a\rb", "a\x1b[2Jb", "a\x85b", "a\u2028b"]
)
def test_user_data_cannot_forge_a_line_or_move_the_cursor(forged):
    shown = line("name %s", forged)

    assert len(shown.splitlines()) == 1
    assert "\x1b" not in shown
