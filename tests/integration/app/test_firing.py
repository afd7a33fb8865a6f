"""An alert fires once, for a price that is fresh, and its message is in the same transaction."""

import re
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, func, insert, select, text

from app import db
from app.clients.provider import Candle, Listing, Price
from app.models import Alert, Message, Quote, Symbol, User
from app.services import alerts, quotes, symbols, users

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ada_id(market, now):
    with db.transaction() as session:
        return users.register_chat(session, 71, 71, "Ada", now).id


@pytest.fixture
def quote(market, now):
    """Let a price arrive, fresh for a minute."""

    def arrive(price, symbol="005930", at=now, halted=False):
        with db.transaction() as session:
            return quotes.store(session, [Price(symbol, price, 87_900, at, halted)], at, MINUTE)

    return arrive


@pytest.fixture
def alert(ada_id, now):
    def add(condition="gte", target=90_000, user_id=ada_id):
        with db.transaction() as session:
            return alerts.add_alert(session, user_id, "005930", condition, target, now).id

    return add


def fire(now):
    with db.transaction() as session:
        return alerts.fire_due(session, now)


def explained_updates():
    """The plans of the UPDATEs to come, as the database makes them just before it runs them."""
    plans: list[str] = []

    @event.listens_for(db.engine(), "before_cursor_execute")
    def explain(connection, _cursor, statement, parameters, _context, _many):
        if statement.startswith("UPDATE"):
            words = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
            cursor = connection.connection.cursor()
            cursor.execute(f"{words} {statement}", parameters)
            plans.append("\n".join(str(row[-1]) for row in cursor.fetchall()))

    return plans


def messages():
    with db.transaction(read_only=True) as session:
        return session.scalars(select(Message).order_by(Message.id)).all()


@pytest.mark.parametrize(
    ("condition", "price", "fires"),
    [("gte", 89_999, 0), ("gte", 90_000, 1), ("gte", 90_001, 1), ("lte", 90_001, 0), ("lte", 90_000, 1), ("lte", 1, 1)],
)
def test_target_itself_counts_as_reached(alert, quote, now, condition, price, fires):
    alert(condition)
    quote(price)

    assert fire(now) == fires


def test_fired_alert_leaves_a_message_and_does_not_fire_again(alert, quote, now, ada_id):
    alert_id = alert()
    quote(90_500)

    assert [fire(now), fire(now + timedelta(seconds=1))] == [1, 0]

    (message,) = messages()
    assert (message.dedup_key, message.chat_id, message.user_id) == (f"alert:{alert_id}:1", 71, ada_id)
    assert (message.status, message.kind) == ("pending", "price_alert")
    assert message.payload == {
        "alert_id": alert_id,
        "symbol": "005930",
        "name": "삼성전자",
        "condition": "gte",
        "target_price": 90_000,
        "price": 90_500,
        "fired_at": now.isoformat(),
    }
    with db.transaction(read_only=True) as session:
        fired = alerts.get_alert(session, ada_id, alert_id)
    assert (fired.is_active, fired.firings, fired.fired_at, fired.fired_price) == (False, 1, now, 90_500)


def test_alert_that_is_armed_again_fires_again_with_another_key(alert, quote, now, ada_id):
    alert_id = alert()
    quote(90_500)
    fire(now)
    with db.transaction() as session:
        alerts.change_alert(session, ada_id, alert_id, {"is_active": True}, now)

    fire(now)

    assert [message.dedup_key for message in messages()] == [f"alert:{alert_id}:1", f"alert:{alert_id}:2"]


def test_stale_price_fires_nothing(alert, quote, now):
    alert()
    quote(90_500)

    assert fire(now + MINUTE) == 0
    assert fire(now + MINUTE - timedelta(seconds=1)) == 1


def test_price_of_zero_fires_nothing_however_it_got_there(alert, now):
    alert("lte")
    moments = {"traded_at": now, "received_at": now, "fresh_until": now + MINUTE}
    with db.transaction() as session:
        session.add(Quote(symbol="005930", price=0, **moments))

    assert fire(now) == 0


def test_halted_symbol_fires_nothing(alert, quote, now):
    alert()
    quote(90_500, halted=True)

    assert fire(now) == 0


@pytest.mark.parametrize("price", [0, -1, 10**12])
def test_absurd_price_is_not_stored_and_the_last_good_one_stays(alert, quote, now, price):
    alert("lte")
    quote(95_000)

    assert quote(price, at=now + timedelta(seconds=5)) == 0

    assert fire(now + timedelta(seconds=5)) == 0
    with db.transaction(read_only=True) as session:
        stored = quotes.get(session, "005930")
    assert stored is not None
    assert stored.price == 95_000


def test_late_answer_does_not_overwrite_a_newer_price(quote, now):
    quote(91_000)
    quote(80_000, at=now - MINUTE)

    with db.transaction(read_only=True) as session:
        stored = quotes.get(session, "005930")
    assert stored is not None
    assert stored.price == 91_000


def test_absurd_base_price_costs_the_change_and_not_the_tick(alert, quote, now):
    alert()
    with db.transaction() as session:
        prices = [Price("005930", 90_500, -1, now, False), Price("0126Z0", 1_000, 10**12, now, False)]
        assert quotes.store(session, prices, now, MINUTE) == 2

    assert fire(now) == 1
    with db.transaction(read_only=True) as session:
        assert set(session.scalars(select(Quote.base_price))) == {None}


def test_line_the_tables_cannot_hold_does_not_cost_the_others(market, now):
    day = now.date()
    good = Candle("005930", day, 1, 3, 1, 2, 5)
    bad = [replace(good, volume=-1), replace(good, high=10**12), replace(good, low=9, high=3), replace(good, open=-1)]
    listings = [
        Listing("000660", "SK하이닉스", "KOSPI"),
        Listing("035720", "x" * 101, "KOSPI"),
        Listing("035721", "", ""),
    ]
    listings.append(Listing("035722", "x", "x" * 21))

    with db.transaction() as session:
        assert quotes.store_candles(session, [*bad, good]) == 1
        assert symbols.store(session, listings, now) == 1


def test_price_of_an_unknown_symbol_is_left_out(quote):
    assert quote(1_000, symbol="999999") == 0


def test_disabled_account_gets_no_message(alert, quote, now, ada_id):
    alert()
    quote(90_500)
    with db.transaction() as session:
        users.set_active(session, ada_id, active=False, now=now)

    assert fire(now) == 0


def test_rolled_back_evaluation_leaves_neither_state_nor_message(alert, quote, now):
    alert()
    quote(90_500)

    with db.transaction() as session:
        assert alerts.fire_due(session, now) == 1
        session.rollback()

    assert messages() == []
    assert fire(now) == 1


def test_one_alerts_trouble_does_not_stop_the_others(alert, quote, now):
    first, second = alert(), alert(target=89_000)
    quote(90_500)
    with db.transaction() as session:
        session.add(Message(dedup_key=f"alert:{first}:1", chat_id=1, kind="x", created_at=now))

    assert fire(now) == 2

    assert {message.dedup_key for message in messages()} == {f"alert:{first}:1", f"alert:{second}:1"}


def test_deleted_alerts_number_is_never_given_again(alert, quote, now, ada_id):
    first = alert()
    quote(90_500)
    fire(now)
    with db.transaction() as session:
        alerts.delete_alert(session, ada_id, first)

    second = alert()

    assert second > first
    assert fire(now) == 1
    assert len(messages()) == 2


def test_two_evaluators_at_once_write_one_message_each_alert(alert, quote, now):
    for target in range(89_000, 89_050):
        alert(target=target)
    quote(90_500)
    start, counts = threading.Barrier(4), []

    def evaluate():
        start.wait()
        counts.append(fire(now))

    threads = [threading.Thread(target=evaluate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(counts) == 50
    assert len(messages()) == 50


def test_message_of_a_user_without_a_chat_waits_for_the_link(alert, quote, now):
    with db.transaction() as session:
        bob = users.register(session, "bob", "bob@example.com", "hash", now)
        code = users.issue_link_code(session, bob, now)
    alert(user_id=bob.id)
    quote(90_500)
    fire(now)
    assert [(message.status, message.chat_id) for message in messages()] == [("parked", None)]

    with db.transaction() as session:
        linked = users.link_chat(session, code, 4711, now)

    assert linked.id == bob.id
    assert [(message.status, message.chat_id) for message in messages()] == [("pending", 4711)]


def test_hundred_thousand_waiting_alerts_cost_little(market, now):
    """Cost follows what fires: 100,000 wait, 500 fire; reading all of them is not in the plan."""
    codes = [f"{number:06d}" for number in range(100_000, 102_000)]
    with db.transaction() as session:
        session.execute(
            insert(User),
            [
                {"username": f"u{n}", "telegram_chat_id": n + 1, "created_at": now, "updated_at": now}
                for n in range(100)
            ],
        )
        first_user = session.scalar(select(func.min(User.id)))
        assert first_user
        session.execute(insert(Symbol), [{"symbol": code, "name": code, "updated_at": now} for code in codes])
        session.execute(
            insert(Quote),
            [
                {"symbol": code, "price": 10_000, "traded_at": now, "received_at": now, "fresh_until": now + MINUTE}
                for code in codes
            ],
        )
        session.execute(
            insert(Alert),
            [
                {
                    "user_id": first_user + number % 100,
                    "symbol": codes[number % 2_000],
                    "condition": "lte" if number % 2 else "gte",
                    "target_price": 10_000
                    if number < 500
                    else (9_000 - number % 7 if number % 2 else 11_000 + number % 7),
                    "created_at": now,
                    "updated_at": now,
                }
                for number in range(100_000)
            ],
        )
    with db.engine().connect() as connection:
        connection.execute(text("ANALYZE"))
        connection.commit()

    plans = explained_updates()

    started = time.perf_counter()
    fired = fire(now)
    seconds = time.perf_counter() - started

    assert fired == 500
    assert seconds < 1, f"{seconds:.2f} s"
    assert plans[0].count("ix_price_alerts_waiting") == 2, plans[0]
    assert not re.search(r"SCAN price_alerts|Seq Scan on price_alerts|AUTOMATIC", plans[0]), plans[0]
