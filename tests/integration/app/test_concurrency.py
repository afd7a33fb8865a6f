"""Many at once: one wins, the others get a plain answer, and the sums hold."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from app import db
from app.api.logins import FAILURES_FROM_ONE_ADDRESS
from app.models import JobRun, Trade, User, WatchedSymbol
from app.services import jobs, users

AT_ONCE = 8


def at_once(work):
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [future.result() for future in [pool.submit(work, number) for number in range(AT_ONCE)]]


def count(table):
    with db.transaction(read_only=True) as session:
        return session.scalar(select(func.count()).select_from(table))


def test_one_of_equal_registrations_wins(api):
    account = {"username": "ada", "email": "ada@example.com", "password": "a long password"}

    codes = at_once(lambda _: api.post("/users/register", json=account).status_code)

    assert sorted(codes) == [200] + [400] * (AT_ONCE - 1)
    assert count(User) == 1


def test_equal_watchlist_entries_are_one(api, ada):
    codes = at_once(lambda _: api.post("/watchlist/add", json={"symbol": "005930"}, headers=ada).status_code)

    assert codes == [200] * AT_ONCE
    assert count(WatchedSymbol) == 1


def test_last_alert_that_fits_is_set_once_only(api, ada, monkeypatch):
    monkeypatch.setattr("app.services.alerts.ALERTS_PER_USER", 3)
    alert = {"symbol": "005930", "target_price": 90000, "condition": "gte"}

    codes = at_once(lambda _: api.post("/alerts/", json=alert, headers=ada).status_code)

    assert sorted(codes) == [200] * 3 + [409] * (AT_ONCE - 3)


def test_many_guesses_at_once_are_not_all_let_in(api, ada):
    guess = {"username": "ada", "password": "a wrong password"}

    codes = at_once(lambda _: api.post("/users/login", json=guess).status_code)

    assert sorted(codes) == [401] * FAILURES_FROM_ONE_ADDRESS + [429] * (AT_ONCE - FAILURES_FROM_ONE_ADDRESS)


def test_shares_are_sold_once_only(api, ada):
    trade = {"symbol": "005930", "trade_type": "buy", "price": 100, "quantity": 3}
    api.post("/trade/simulate", json=trade, headers=ada)

    sale = trade | {"trade_type": "sell", "quantity": 1}
    codes = at_once(lambda _: api.post("/trade/simulate", json=sale, headers=ada).status_code)

    assert sorted(codes) == [200] * 3 + [400] * (AT_ONCE - 3)
    with db.transaction(read_only=True) as session:
        assert session.scalar(select(func.min(Trade.position_quantity))) == 0


def test_chat_that_registers_twice_at_once_is_one_account(market, now):
    def register(_):
        with db.transaction() as session:
            return users.register_chat(session, 5, 5, "Ada", now).id

    assert len(set(at_once(register))) == 1


@pytest.mark.usefixtures("environment")
def test_one_slot_of_a_job_is_run_once(now):
    def start(_):
        with db.transaction() as session:
            return jobs.start_run(session, jobs.CHECK_ALERTS, "2026-11-23T01:00", now)

    runs = [run for run in at_once(start) if run is not None]

    assert len(runs) == 1
    assert count(JobRun) == 1


@pytest.mark.usefixtures("environment")
def test_request_is_taken_by_one_only(now):
    with db.transaction() as session:
        jobs.request(session, jobs.CHECK_ALERTS, "ada", now)

    def take(_):
        with db.transaction() as session:
            return jobs.start_requested(session, now)

    assert len([request for request in at_once(take) if request]) == 1
