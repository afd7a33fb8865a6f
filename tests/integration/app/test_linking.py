"""A chat is tied to an account by a one-time code, and by nothing else."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import db
from app.errors import NotFound
from app.models import Message, TelegramLink, User, WatchedSymbol
from app.services import alerts, bot_state, users, watchlist


def link(code, chat_id, now):
    with db.transaction() as session:
        return users.link_chat(session, code, chat_id, now)


def issue(api, headers):
    return api.post("/users/me/telegram-link", headers=headers).json()["code"]


@pytest.fixture
def soon(now):
    """The API's codes are issued by the real clock."""
    from app import clock

    return clock.now()


def test_code_ties_the_chat_that_sends_it(api, ada, soon):
    code = issue(api, ada)

    link(f" {code.lower()} ", 4711, soon)

    assert api.get("/users/me", headers=ada).json()["telegram_id"] == 4711


def test_telegram_id_in_the_body_ties_nothing(api, ada):
    response = api.put("/users/me", json={"telegram_id": 4711}, headers=ada)

    assert response.status_code == 400
    assert "telegram-link" in response.json()["detail"]
    assert api.get("/users/me", headers=ada).json()["telegram_id"] is None


def test_code_works_once(api, ada, soon):
    code = issue(api, ada)
    link(code, 4711, soon)

    with pytest.raises(NotFound):
        link(code, 4712, soon)


def test_new_code_replaces_the_old_one(api, ada, soon):
    old, new = issue(api, ada), issue(api, ada)

    with pytest.raises(NotFound):
        link(old, 4711, soon)
    link(new, 4711, soon)


def test_expired_code_is_refused(api, ada, soon):
    code = issue(api, ada)

    with pytest.raises(NotFound):
        link(code, 4711, soon + users.LINK_CODE_LIFETIME + timedelta(seconds=1))


def test_code_is_stored_as_a_hash_only(api, ada):
    code = issue(api, ada)

    with db.transaction(read_only=True) as session:
        stored = session.scalars(select(TelegramLink)).one()
    assert code not in (stored.code_hash, str(stored.user_id))


def test_deep_link_appears_once_the_bot_has_told_its_name(api, ada):
    assert api.post("/users/me/telegram-link", headers=ada).json()["deep_link"] is None
    with db.transaction() as session:
        bot_state.note_username(session, "price_alert_bot")

    answer = api.post("/users/me/telegram-link", headers=ada).json()

    assert answer["deep_link"] == f"https://t.me/price_alert_bot?start={answer['code']}"


def test_what_the_chat_had_without_an_account_comes_along(api, ada, soon):
    with db.transaction() as session:
        chat_only = users.register_chat(session, 4711, 4711, "Ada", soon)
        alerts.add_alert(session, chat_only.id, "005930", "gte", 90_000, soon)
        watchlist.add(session, chat_only.id, "005930", soon)
        session.add(Message(dedup_key="x", user_id=chat_only.id, chat_id=4711, kind="x", created_at=soon))
    watched_twice = api.post("/watchlist/add", json={"symbol": "005930"}, headers=ada)
    assert watched_twice.status_code == 200

    linked = link(issue(api, ada), 4711, soon)

    assert len(api.get("/alerts/", headers=ada).json()) == 1
    with db.transaction(read_only=True) as session:
        assert session.scalars(select(Message.user_id)).all() == [linked.id]
        mine = select(WatchedSymbol.symbol).where(WatchedSymbol.user_id == linked.id)
        assert session.scalars(mine).all() == ["005930"]
        holders = session.scalars(select(User.id).where(User.telegram_chat_id == 4711)).all()
    assert holders == [linked.id]


def test_chat_of_another_account_moves_and_leaves_its_alerts(api, ada, charlie, soon):
    link(issue(api, charlie), 4711, soon)
    alert = {"symbol": "005930", "target_price": 90000, "condition": "gte"}
    api.post("/alerts/", json=alert, headers=charlie)

    link(issue(api, ada), 4711, soon)

    assert api.get("/users/me", headers=charlie).json()["telegram_id"] is None
    assert len(api.get("/alerts/", headers=charlie).json()) == 1
    assert api.get("/alerts/", headers=ada).json() == []


def waiting(user_id, chat_id, now, *, status="pending", key="x"):
    with db.transaction() as session:
        session.add(
            Message(
                dedup_key=key, user_id=user_id, chat_id=chat_id, kind="text", payload={}, status=status, created_at=now
            )
        )


def where_they_wait():
    with db.transaction(read_only=True) as session:
        return [tuple(row) for row in session.execute(select(Message.chat_id, Message.status).order_by(Message.id))]


def test_messages_follow_the_account_to_its_new_chat(api, ada, soon):
    mine = link(issue(api, ada), 4711, soon).id
    waiting(mine, 4711, soon, status="parked", key="the old chat blocked the bot")
    waiting(mine, 4711, soon, key="not sent yet")

    link(issue(api, ada), 4712, soon)

    assert where_they_wait() == [(4712, "pending")] * 2


def test_messages_do_not_go_to_a_chat_that_was_unlinked(api, ada, soon):
    mine = link(issue(api, ada), 4711, soon).id
    waiting(mine, 4711, soon)

    api.delete("/users/me/telegram-link", headers=ada)

    assert where_they_wait() == [(None, "parked")]


def test_messages_of_the_chats_former_account_do_not_go_there(api, ada, charlie, soon):
    theirs = link(issue(api, charlie), 4711, soon).id
    waiting(theirs, 4711, soon)

    link(issue(api, ada), 4711, soon)

    assert where_they_wait() == [(None, "parked")]


def test_account_that_is_enabled_again_gets_what_waited(api, ada, soon):
    mine = link(issue(api, ada), 4711, soon).id
    waiting(mine, 4711, soon, status="parked")

    with db.transaction() as session:
        users.set_active(session, mine, active=False, now=soon)
    disabled = where_they_wait()
    with db.transaction() as session:
        users.set_active(session, mine, active=True, now=soon)

    assert [disabled, where_they_wait()] == [[(4711, "parked")], [(4711, "pending")]]


def test_unlinked_chat_can_start_over(api, ada, soon):
    link(issue(api, ada), 4711, soon)
    assert api.delete("/users/me/telegram-link", headers=ada).json()["telegram_id"] is None

    with db.transaction() as session:
        again = users.register_chat(session, 4711, 4711, "Ada", soon)

    assert again.username == "tg_4711"


def test_account_of_a_chat_has_no_password(api, soon):
    with db.transaction() as session:
        users.register_chat(session, 4711, 4711, "Ada", soon)

    for password in ("", "tg_4711", "dummy", "None"):
        answer = api.post("/users/login", json={"username": "tg_4711", "password": password or "x"})
        assert answer.status_code == 401
