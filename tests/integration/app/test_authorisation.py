"""Who may do what, for every route: one without an entry here fails."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest
from argon2 import PasswordHasher
from fastapi.routing import APIRoute

from app import db
from app.api import tokens
from app.api.main import ROUTERS, VERSIONED
from app.api.tokens import AUDIENCE
from app.models import User
from app.services import passwords, users
from tests.integration.app.conftest import JWT_KEY

# What each role gets: nobody, somebody else (charlie), the owner (ada), an administrator. Ada's id is 1, her alert's 1.
OPEN = (200, 200, 200, 200)
SIGNED_IN = (401, 200, 200, 200)
OWNER = (401, 404, 200, 404)
OWN_BODY = (401, 403, 200, 403)
ADMIN = (401, 403, 403, 200)

ALERT = {"symbol": "005930", "target_price": 90000, "condition": "gte"}
TRADE = {"symbol": "005930", "trade_type": "buy", "price": 100, "quantity": 1}
WATCHED = {"symbol": "005930"}
ACCOUNT = {"username": "dave", "email": "dave@example.com", "password": "dave's long password"}
CREDENTIALS = {"username": "ada", "password": "ada's long password"}
PASSWORDS = {"current_password": CREDENTIALS["password"], "new_password": "another long password"}

MATRIX = {
    ("GET", "/"): ("/", None, OPEN),
    ("GET", "/health"): ("/health", None, OPEN),
    ("GET", "/ready"): ("/ready", None, OPEN),
    ("POST", "/users/register"): ("/users/register", ACCOUNT, (200, 400, 400, 400)),
    ("POST", "/users/login"): ("/users/login", CREDENTIALS, OPEN),
    ("GET", "/users/me"): ("/users/me", None, SIGNED_IN),
    ("PUT", "/users/me"): ("/users/me", {}, SIGNED_IN),
    ("PUT", "/users/me/password"): ("/users/me/password", PASSWORDS, SIGNED_IN),
    ("POST", "/users/me/telegram-link"): ("/users/me/telegram-link", None, SIGNED_IN),
    ("DELETE", "/users/me/telegram-link"): ("/users/me/telegram-link", None, SIGNED_IN),
    ("GET", "/users/stats/{user_id}"): ("/users/stats/1", None, OWNER),
    ("GET", "/users/"): ("/users/", None, ADMIN),
    ("POST", "/alerts/"): ("/alerts/", ALERT | {"user_id": 1}, OWN_BODY),
    ("GET", "/alerts/"): ("/alerts/", None, SIGNED_IN),
    ("GET", "/alerts/{alert_id}"): ("/alerts/1", None, OWNER),
    ("PUT", "/alerts/{alert_id}"): ("/alerts/1", {"target_price": 1}, OWNER),
    ("DELETE", "/alerts/{alert_id}"): ("/alerts/1", None, OWNER),
    ("GET", "/alerts/user/{user_id}/symbol/{symbol}"): ("/alerts/user/1/symbol/005930", None, OWNER),
    ("POST", "/trade/simulate"): ("/trade/simulate", TRADE | {"user_id": 1}, OWN_BODY),
    ("GET", "/trade/history/{user_id}"): ("/trade/history/1", None, OWNER),
    ("POST", "/watchlist/add"): ("/watchlist/add", WATCHED | {"user_id": 1}, OWN_BODY),
    ("GET", "/watchlist/get/{user_id}"): ("/watchlist/get/1", None, OWNER),
    ("POST", "/watchlist/remove"): ("/watchlist/remove", WATCHED | {"user_id": 1}, OWN_BODY),
    ("GET", "/symbols/"): ("/symbols/", None, OPEN),
    ("GET", "/symbols/search"): ("/symbols/search?query=a", None, OPEN),
    ("GET", "/symbols/{symbol}"): ("/symbols/005930", None, OPEN),
    ("GET", "/symbols/{symbol}/current_price_and_change"): ("/symbols/005930/current_price_and_change", None, OPEN),
    ("GET", "/admin/schedule/status"): ("/admin/schedule/status", None, ADMIN),
    ("POST", "/admin/schedule/trigger/{job_id}"): ("/admin/schedule/trigger/check_price_alerts_job", None, ADMIN),
}
ROLES = ("nobody", "charlie", "ada", "root")


@pytest.fixture
def people(api, now, password_hash):
    """Ada with an alert, charlie, and root, who became an administrator the only way there is: in the database."""
    headers: dict[str, dict[str, str]] = {"nobody": {}}
    with db.transaction() as session:
        for name in ("ada", "charlie", "root"):
            user = users.register(session, name, f"{name}@example.com", password_hash, now)
            headers[name] = {"Authorization": f"Bearer {tokens.issue(user, JWT_KEY, datetime.now(UTC))}"}
        user.role = "admin"
    assert api.post("/alerts/", json=ALERT, headers=headers["ada"]).json()["id"] == 1
    return headers


@pytest.fixture(scope="module")
def password_hash():
    return passwords.hash_password(CREDENTIALS["password"])


def test_every_route_has_an_entry():
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]

    ours = {(method, route.path) for route in routes for method in route.methods or ()}

    assert ours == set(MATRIX)


@pytest.mark.parametrize("prefix", ["", VERSIONED])
@pytest.mark.parametrize("route", MATRIX, ids=" ".join)
def test_route_answers_each_role_as_written(api, people, route, prefix):
    path, body, expected = MATRIX[route]
    roles = ("nobody", "charlie", "root", "ada")  # the owner last: she may delete what is asked for

    codes = {role: api.request(route[0], prefix + path, json=body, headers=people[role]).status_code for role in roles}

    assert codes == dict(zip(ROLES, expected, strict=True))


def test_refused_change_leaves_the_alert_as_it_was(api, people):
    api.put("/alerts/1", json={"target_price": 1}, headers=people["charlie"])
    api.delete("/alerts/1", headers=people["charlie"])

    assert api.get("/alerts/1", headers=people["ada"]).json()["target_price"] == 90000


NOW = datetime.now(UTC)
GOOD = {
    "sub": "ada",
    "user_id": 1,
    "ver": 0,
    "aud": AUDIENCE,
    "iat": NOW - timedelta(minutes=1),
    "exp": NOW + timedelta(minutes=20),
}
FORGED = {
    "no algorithm": lambda: jwt.encode(GOOD, None, algorithm="none"),
    "other key": lambda: jwt.encode(GOOD, "x" * 40, algorithm="HS256"),
    "other algorithm": lambda: jwt.encode(GOOD, JWT_KEY * 2, algorithm="HS512"),
    "expired": lambda: sign(exp=NOW - timedelta(seconds=5)),
    "no expiry": lambda: sign(exp=None),
    "no subject": lambda: sign(sub=None),
    "no audience": lambda: sign(aud=None),
    "other audience": lambda: sign(aud="another service"),
    "issued tomorrow": lambda: sign(iat=NOW + timedelta(days=1)),
    "unknown user": lambda: sign(user_id=4711),
    "id as text": lambda: sign(user_id="1"),
    "id as truth": lambda: sign(user_id=True),
    "revoked version": lambda: sign(ver=-1),
    "tampered": lambda: sign()[:-4] + "AAAA",
    "not a token": lambda: "abc",
}


def sign(**changes):
    claims = {name: value for name, value in (GOOD | changes).items() if value is not None}
    return jwt.encode(claims, JWT_KEY, algorithm="HS256")


def test_well_made_token_is_taken(api, ada):
    assert api.get("/users/me", headers={"Authorization": f"Bearer {sign()}"}).status_code == 200


@pytest.mark.parametrize("forgery", FORGED)
def test_forged_token_is_refused(api, ada, forgery):
    response = api.get("/users/me", headers={"Authorization": f"Bearer {FORGED[forgery]()}"})

    assert (response.status_code, response.json()) == (401, {"detail": "Could not validate credentials"})


def test_disabling_an_account_ends_its_tokens_and_logins(api, ada, now):
    with db.transaction() as session:
        users.set_active(session, 1, active=False, now=now)

    assert api.get("/users/me", headers=ada).status_code == 401
    assert api.post("/users/login", json=CREDENTIALS).status_code == 401


def test_token_of_a_disabled_account_is_refused_whoever_disabled_it(api, ada):
    with db.transaction() as session:
        session.get_one(User, 1).is_active = False  # by hand, so no token was revoked

    assert api.get("/users/me", headers=ada).status_code == 401


def test_nobody_sees_sells_or_removes_what_is_somebody_elses(api, ada, charlie):
    api.post("/watchlist/add", json=WATCHED, headers=ada)
    api.post("/trade/simulate", json=TRADE, headers=ada)

    removed = api.post("/watchlist/remove", json=WATCHED, headers=charlie).json()["message"]
    sold = api.post("/trade/simulate", json=TRADE | {"trade_type": "sell"}, headers=charlie)
    seen = api.get("/trade/history/2", headers=charlie).json()

    assert removed == "관심 목록에 없는 종목입니다."
    assert api.get("/watchlist/get/1", headers=ada).json()["watchlist"] == ["005930"]
    assert api.get("/watchlist/get/2", headers=charlie).json()["watchlist"] == []
    assert sold.status_code == 400
    assert (seen["trades"], seen["statistics"]["total_trades"]) == ([], 0)


def test_changed_password_ends_the_old_tokens(api, ada):
    change = {"current_password": "ada's long password", "new_password": "a new long password"}
    assert api.put("/users/me/password", json=change, headers=ada).status_code == 200

    assert api.get("/users/me", headers=ada).status_code == 401
    assert api.post("/users/login", json=CREDENTIALS).status_code == 401
    assert api.post("/users/login", json=CREDENTIALS | {"password": "a new long password"}).status_code == 200


def test_guessing_closes_the_door_for_a_while(api, ada):
    guess = {"username": "ada", "password": "a wrong password"}

    codes = [api.post("/users/login", json=guess).status_code for _ in range(7)]
    shut = api.post("/users/login", json=CREDENTIALS, headers={"X-Forwarded-For": "203.0.113.9"})

    assert codes == [401] * 5 + [429] * 2
    assert shut.status_code == 429
    assert 0 < int(shut.headers["Retry-After"]) <= 15 * 60 + 1


def test_login_renews_a_hash_of_weaker_parameters_and_only_that(api, ada):
    weak = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1).hash(CREDENTIALS["password"])
    with db.transaction() as session:
        session.get_one(User, 1).password_hash = weak

    hashes = []
    for _ in range(2):
        assert api.post("/users/login", json=CREDENTIALS).status_code == 200
        with db.transaction(read_only=True) as session:
            hashes.append(session.get_one(User, 1).password_hash)

    assert weak != hashes[0] == hashes[1]


def test_password_is_compared_to_its_last_letter(api):
    password = "x" * 99
    api.post("/users/register", json={"username": "ada", "email": "ada@example.com", "password": password + "a"})

    codes = [
        api.post("/users/login", json={"username": "ada", "password": password + letter}).status_code for letter in "ab"
    ]

    assert codes == [200, 401]
