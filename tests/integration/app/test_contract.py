"""The HTTP contract that the manual quotes, word for word."""

import pytest

pytestmark = pytest.mark.usefixtures("market")
PASSWORD = "a long password"


@pytest.mark.parametrize("prefix", ["", "/api/v1"])
def test_alert_is_set_by_the_token_alone_and_answers_with_itself(api, prefix):
    account = {"username": "ada", "email": "ada@example.com", "password": PASSWORD}
    assert api.post(f"{prefix}/users/register", json=account).status_code == 200
    login = api.post(f"{prefix}/users/login", json={"username": "ada", "password": PASSWORD}).json()
    headers = {"Authorization": f"Bearer {login['access_token']}"}

    alert = {"symbol": "005930", "target_price": 90000, "condition": "gte"}
    response = api.post(f"{prefix}/alerts/", json=alert, headers=headers)

    assert response.status_code == 200
    assert response.json()["symbol"] == "005930"
    assert response.json()["target_price"] == 90000
    assert "message" not in response.json()
    assert login["token_type"] == "bearer"
    assert login["user"]["username"] == "ada"


def test_login_by_form_is_refused_as_the_manual_shows(api):
    response = api.post("/users/login", data={"username": "ada", "password": PASSWORD})

    assert response.status_code == 422
    assert response.json()["detail"][0]["type"] == "model_attributes_type"


def test_simulated_trade_answers_with_the_agreed_words(api, ada):
    trade = {"symbol": "005930", "trade_type": "buy", "price": 70000, "quantity": 10}

    response = api.post("/trade/simulate", json=trade, headers=ada)

    assert (response.status_code, response.json()) == (200, {"message": "모의매매 기록 완료"})


def test_notifications_do_not_exist(api, ada):
    assert api.post("/notifications/", json={}, headers=ada).status_code == 404


def test_second_registration_of_a_name_or_address_is_refused(api, ada):
    taken = {"detail": "Username or email already registered"}
    same_name = {"username": "ada", "email": "other@example.com", "password": PASSWORD}
    same_address = {"username": "other", "email": "ADA@example.com", "password": PASSWORD}

    answers = [api.post("/users/register", json=account) for account in (same_name, same_address)]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(400, taken), (400, taken)]


@pytest.mark.parametrize("name", ["ada", "nobody"])
def test_wrong_password_and_unknown_name_look_the_same(api, ada, name):
    response = api.post("/users/login", json={"username": name, "password": "not the password"})

    assert (response.status_code, response.json()) == (401, {"detail": "Incorrect username or password"})
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_role_and_state_in_the_body_are_not_looked_at(api):
    account = {
        "username": "eve",
        "email": "eve@example.com",
        "password": PASSWORD,
        "role": "admin",
        "is_active": False,
        "id": 77,
    }

    answer = api.post("/users/register", json=account).json()

    assert (answer["role"], answer["is_active"]) == ("user", True)
    assert answer["id"] != 77


def test_alert_without_any_condition_is_refused(api, ada):
    response = api.post("/alerts/", json={"symbol": "005930"}, headers=ada)

    assert response.status_code == 400
    assert response.json()["detail"] == "가격 알림 또는 공시 알림 중 하나는 반드시 설정해야 합니다."


@pytest.mark.parametrize("half", [{"target_price": 90000}, {"condition": "gte"}])
def test_price_and_condition_come_together(api, ada, half):
    assert api.post("/alerts/", json={"symbol": "005930"} | half, headers=ada).status_code == 400


@pytest.mark.parametrize("extra", [{"notify_on_disclosure": True}, {"change_percent": 5}, {"repeat_interval": "daily"}])
def test_condition_that_nothing_evaluates_is_not_accepted(api, ada, extra):
    alert = {"symbol": "005930", "target_price": 90000, "condition": "gte"} | extra

    response = api.post("/alerts/", json=alert, headers=ada)

    assert response.status_code == 400
    assert next(iter(extra)) in response.json()["detail"]


def test_alert_on_an_unknown_symbol_is_not_found(api, ada):
    response = api.post("/alerts/", json={"symbol": "999999", "target_price": 1, "condition": "gte"}, headers=ada)

    assert (response.status_code, response.json()) == (404, {"detail": "종목을 찾을 수 없습니다."})


def test_alerts_are_listed_newest_first_changed_and_deleted(api, ada):
    ids = [
        api.post("/alerts/", json={"symbol": "005930", "target_price": price, "condition": "gte"}, headers=ada).json()[
            "id"
        ]
        for price in (90000, 91000)
    ]

    assert [alert["id"] for alert in api.get("/alerts/", headers=ada).json()] == ids[::-1]
    changed = api.put(f"/alerts/{ids[0]}", json={"target_price": 95000, "condition": "lte"}, headers=ada).json()
    assert (changed["target_price"], changed["condition"], changed["is_active"]) == (95000, "lte", True)
    assert api.get("/alerts/user/1/symbol/005930", headers=ada).json()["id"] == ids[1]
    assert api.delete(f"/alerts/{ids[0]}", headers=ada).json() == {"result": True}
    assert api.delete(f"/alerts/{ids[0]}", headers=ada).status_code == 404


def test_watchlist_is_kept_in_order_and_without_doubles(api, ada):
    def ask(verb: str, symbol: str):
        return api.post(f"/watchlist/{verb}", json={"user_id": 1, "symbol": symbol}, headers=ada).json()["message"]

    assert ask("add", "005930") == "종목이 관심 목록에 추가되었습니다."
    assert ask("add", "005930") == "이미 관심 목록에 있는 종목입니다."
    assert ask("add", "0126z0") == "종목이 관심 목록에 추가되었습니다."
    assert api.get("/watchlist/get/1", headers=ada).json() == {"watchlist": ["005930", "0126Z0"]}
    assert ask("remove", "005930") == "종목이 관심 목록에서 제거되었습니다."
    assert ask("remove", "005930") == "관심 목록에 없는 종목입니다."


def test_sale_is_reckoned_at_average_cost_and_never_exceeds_holdings(api, ada):
    def trade(kind: str, price: int, quantity: int):
        item = {"symbol": "005930", "trade_type": kind, "price": price, "quantity": quantity}
        return api.post("/trade/simulate", json=item, headers=ada).status_code

    codes = [trade("buy", 100, 10), trade("buy", 200, 10), trade("sell", 180, 15), trade("sell", 180, 6)]
    history = api.get("/trade/history/1", headers=ada).json()

    assert codes == [200, 200, 200, 400]
    assert [item["profit_loss"] for item in history["trades"]] == [450, None, None]
    assert history["trades"][0]["profit_rate"] == 20.0
    assert history["statistics"] == {
        "total_trades": 3,
        "total_profit_loss": 450,
        "profitable_trades": 1,
        "win_rate": 33.33,
    }


def test_search_finds_by_code_and_name_and_takes_wildcards_as_letters(api):
    def search(words: str):
        return [found["symbol"] for found in api.get("/symbols/search", params={"query": words}).json()]

    assert search("삼성") == ["005930", "0126Z0"]
    assert search("126z") == ["0126Z0"]
    assert search("%") == search("_") == []


def test_symbols_without_a_price_say_null(api):
    response = api.get("/symbols/005930/current_price_and_change")

    assert response.json() == {"current_price": None, "change": None, "change_rate": None}
    assert api.get("/symbols/999999").status_code == 404
