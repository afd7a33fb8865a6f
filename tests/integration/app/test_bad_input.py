"""Whatever is sent, the answer is a refusal with a reason, never a 5xx, and never the input repeated."""

import asyncio
import json

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from app import db
from app.api.main import create_app
from app.models import Alert
from app.settings import Environment, Settings
from tests.integration.app.conftest import JWT_KEY

NUMBERS = {
    "not a number": "NaN",
    "infinity": "Infinity",
    "too large for a float": "1e400",
    "negative": "-1",
    "zero": "0",
    "beyond 32 bits": "4294967296",
    "beyond 64 bits": "18446744073709551616",
    "five thousand digits": "9" * 5000,
    "a fraction": "90000.5",
    "text": '"90000"',
    "truth": "true",
    "a list": "[1]",
}
TEXTS = {
    "empty": '""',
    "a NUL": '"00\\u00005930"',
    "half a surrogate": '"\\ud800"',
    "too long": json.dumps("9" * 10_000),
    "a line break": '"005930\\n"',
    "SQL": '"\'; --"',
    "a letter codes never hold": '"00593O"',
    "other digits": '"００５９３０"',
    "a number": "5930",
}


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
def test_bad_price_is_refused_and_nothing_is_stored(api, ada, number):
    body = f'{{"symbol": "005930", "condition": "gte", "target_price": {number}}}'

    response = api.post("/alerts/", content=body, headers=ada | {"Content-Type": "application/json"})

    assert response.status_code in (400, 422), response.text
    assert api.get("/alerts/", headers=ada).json() == []


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("field", ["symbol", "condition"])
def test_bad_text_is_refused(api, ada, field, text):
    fields = {"symbol": '"005930"', "condition": '"gte"', "target_price": "90000"} | {field: text}
    body = "{" + ", ".join(f'"{name}": {value}' for name, value in fields.items()) + "}"

    response = api.post("/alerts/", content=body, headers=ada | {"Content-Type": "application/json"})

    assert response.status_code in (400, 422), response.text


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": 0},
        {"quantity": -3},
        {"quantity": 10**12},
        {"quantity": 1.5},
        {"price": 0},
        {"price": 10**12},
        {"trade_type": "short"},
        {"user_id": 2**40},
    ],
)
def test_bad_trade_is_refused(api, ada, change):
    trade = {"symbol": "005930", "trade_type": "buy", "price": 100, "quantity": 1} | change

    assert api.post("/trade/simulate", json=trade, headers=ada).status_code == 422


@pytest.mark.parametrize(
    "account",
    [
        {"username": "a\u0000b"},
        {"username": "\ud800"},
        {"username": "a" * 51},
        {"username": ""},
        {"username": "two words"},
        {"username": "tg_12345"},
        {"email": "not an address"},
        {"email": f"{'a' * 300}@example.com"},
        {"email": "\ud800@example.com"},
        {"email": "a\u0000@example.com"},
        {"password": "short"},
        {"password": "x" * 257},
        {"password": "\ud800" * 10},
    ],
)
def test_bad_account_is_refused(api, account):
    body = {"username": "eve", "email": "eve@example.com", "password": "eve's long password"} | account

    response = api.post("/users/register", content=json.dumps(body), headers={"Content-Type": "application/json"})

    assert response.status_code in (400, 422), response.text


def test_refusal_never_repeats_the_password(api):
    body = {"username": "eve", "password": "my secret words", "email": ["my secret words"]}

    response = api.post("/users/register", json=body)

    assert response.status_code == 422
    assert "my secret words" not in response.text
    assert {key for problem in response.json()["detail"] for key in problem} == {"type", "loc", "msg"}


@pytest.mark.parametrize(
    "path",
    [
        "/alerts/0",
        "/alerts/-1",
        "/alerts/99999999999999999999",
        "/alerts/x",
        "/alerts/?limit=0",
        "/alerts/?limit=101",
        "/alerts/?offset=-1",
        "/alerts/?offset=99999999999999999999",
        "/symbols/%00",
        "/symbols/%ED%A0%80",
        "/symbols/abc",
        "/symbols/search",
        "/symbols/search?query=",
        "/symbols/search?query=%00",
        f"/symbols/search?query={'a' * 101}",
        "/trade/history/2147483648",
        "/watchlist/get/0",
    ],
)
def test_bad_address_is_refused(api, ada, path):
    assert api.get(path, headers=ada).status_code == 422


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", 422),
        (b"{", 422),
        (b"null", 422),
        (b"[]", 422),
        (b"\xff\xfe", 422),
        (b"[" * 60_000, 400),
        (b'{"username": "' + b"a" * 70_000, 413),
    ],
    ids=["empty", "cut", "null", "list", "not UTF-8", "deep", "large"],
)
def test_body_that_is_no_object_is_refused(api, body, expected):
    response = api.post("/users/login", content=body, headers={"Content-Type": "application/json"})

    assert response.status_code == expected, response.text
    assert "detail" in response.json()


def test_large_body_without_a_length_is_refused(api):
    chunks = (b"[" * 10_000 for _ in range(10))

    response = api.post("/users/login", content=chunks, headers={"Content-Type": "application/json"})

    assert response.status_code == 413


@pytest.mark.parametrize(("announced", "code"), [(10, 408), (10**9, 413)])
def test_body_that_never_comes_is_given_up(api, monkeypatch, announced, code):
    monkeypatch.setattr("app.api.limits.SLOWEST_BODY_S", 0.1)
    sent = []

    async def never():
        await asyncio.sleep(30)

    async def note(message):
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % announced)]
    scope = {"type": "http", "method": "POST", "path": "/users/login", "headers": headers, "query_string": b""}

    asyncio.run(asyncio.wait_for(api.app(scope | {"http_version": "1.1"}, never, note), 5))

    assert sent[0]["status"] == code


def test_documentation_is_not_served_in_production():
    served = {}
    for environment in (Environment.DEVELOPMENT, Environment.PRODUCTION):
        client = TestClient(create_app(Settings(app_env=environment, jwt_secret_key=SecretStr(JWT_KEY))))
        served[environment] = [client.get(path).status_code for path in ("/docs", "/redoc", "/openapi.json")]

    assert served == {Environment.DEVELOPMENT: [200, 404, 200], Environment.PRODUCTION: [404, 404, 404]}


def test_alert_limit_is_a_refusal(api, ada, monkeypatch):
    monkeypatch.setattr("app.services.alerts.ALERTS_PER_USER", 1)
    alert = {"symbol": "005930", "target_price": 90000, "condition": "gte"}

    first = api.post("/alerts/", json=alert, headers=ada)
    api.put(f"/alerts/{first.json()['id']}", json={"is_active": False}, headers=ada)
    second = api.post("/alerts/", json=alert, headers=ada)

    assert [first.status_code, second.status_code] == [200, 409]
    with db.transaction(read_only=True) as session:
        assert session.query(Alert).count() == 1


@pytest.mark.parametrize("password", ["12345678", "Password1", "qwertyuiop", "zzzzzzzzzz", "eve.eve.eve"])
def test_password_that_is_guessed_first_is_refused(api, ada, password):
    account = {"username": "eve.eve.eve", "email": "eve@example.com", "password": password}
    change = {"current_password": "ada's long password", "new_password": password.replace("eve.eve.eve", "zzzzzzzz")}

    answers = [api.post("/users/register", json=account), api.put("/users/me/password", json=change, headers=ada)]

    for answer in answers:
        assert answer.status_code == 400
        assert "guessed" in answer.json()["detail"]


def test_target_beyond_every_number_is_refused_with_the_limit(api, ada):
    alert = {"symbol": "005930", "condition": "gte"}

    for price, words in (
        (10**30, "less than or equal to 100000000"),
        (0, "greater than or equal to 1"),
        (0.5, "valid integer"),
    ):
        answer = api.post("/alerts/", json=alert | {"target_price": price}, headers=ada)
        assert answer.status_code == 422
        assert answer.json()["detail"][0]["loc"] == ["body", "target_price"]
        assert words in answer.json()["detail"][0]["msg"]


def test_every_answer_carries_the_security_headers(api):
    for path in ("/health", "/nowhere", "/alerts/"):
        headers = api.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_trace_is_not_a_method(api):
    assert api.request("TRACE", "/health").status_code == 405
