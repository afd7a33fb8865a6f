"""Live and ready are two questions, and a database that is away is a 503, never a 500 and never a long wait."""

import fcntl
import time
from datetime import timedelta

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from app import clock, db
from app.models import Symbol
from app.services import heartbeats, jobs
from app.settings import load_settings


def beat(part, status="ok", age=timedelta(0), detail=""):
    with db.transaction() as session:
        heartbeats.beat(session, part, clock.now() - age, status, detail)


@pytest.fixture
def grown_up(application, monkeypatch):
    """An API that has been up for an hour: nobody is 'starting' any more."""
    monkeypatch.setitem(application.state._state, "started_at", clock.now() - timedelta(hours=1))


def test_ready_names_each_part_and_the_age_of_each_job(api):
    beat("scheduler")
    beat("bot", "disabled")
    with db.transaction() as session:
        run = jobs.start_run(session, jobs.CHECK_ALERTS, "now", clock.now())
        assert run is not None
        jobs.finish_run(session, run, "ok", "5 quotes", clock.now() - timedelta(seconds=3))

    answer = api.get("/ready")

    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "ok"
    assert {name: part["status"] for name, part in body["parts"].items()} == {
        "database": "ok",
        "scheduler": "ok",
        "bot": "disabled",
    }
    job = body["jobs"][jobs.CHECK_ALERTS]
    assert job["outcome"] == "ok"
    assert 3 <= job["age_seconds"] < 10
    assert job["last_run_at"].endswith("Z")


def test_young_api_waits_for_the_others(api, application, monkeypatch):
    monkeypatch.setitem(application.state._state, "started_at", clock.now())

    body = api.get("/ready").json()

    assert body["status"] == "degraded"
    assert body["parts"]["scheduler"]["status"] == "starting"


@pytest.mark.usefixtures("grown_up")
@pytest.mark.parametrize(
    ("status", "age", "shown"),
    [("ok", timedelta(hours=1), "failed"), ("failed", timedelta(0), "failed"), ("ok", timedelta(seconds=30), "ok")],
)
def test_silent_or_failing_scheduler_degrades_but_the_proxy_keeps_the_api(api, status, age, shown):
    beat("scheduler", status, age)
    beat("bot", "disabled")

    answer = api.get("/ready")

    assert answer.status_code == 200
    assert answer.json()["parts"]["scheduler"]["status"] == shown
    assert answer.json()["status"] == ("ok" if shown == "ok" else "degraded")


@pytest.mark.usefixtures("grown_up")
def test_configured_bot_that_is_silent_is_not_well(api, monkeypatch):
    beat("scheduler")
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "1:token")
    load_settings.cache_clear()

    assert api.get("/ready").json()["parts"]["bot"]["status"] == "failed"


@pytest.mark.usefixtures("grown_up")
def test_bot_that_never_came_up_is_not_well_though_only_the_bot_knows_its_token(api):
    beat("scheduler")

    assert api.get("/ready").json()["parts"]["bot"]["status"] == "failed"


def test_bot_that_says_it_is_off_is_disabled(api):
    beat("scheduler")
    beat("bot", "disabled", detail="no token")

    assert api.get("/ready").json()["status"] == "ok"


@pytest.fixture
def dead_database(api, monkeypatch, tmp_path, database_url):
    """The same API, its database gone: a closed port, or a file under a restore's exclusive lock."""
    if database_url.startswith("sqlite"):
        monkeypatch.setattr(db, "WAIT_FOR_LOCK_S", 0.2)
        with (tmp_path / "app.db.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield api
        return
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://nobody:secretpass@127.0.0.1:9/nowhere")
    load_settings.cache_clear()
    yield api


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/symbols/", None),
        ("GET", "/alerts/", None),
        ("POST", "/alerts/", {"symbol": "005930", "target_price": 1, "condition": "gte"}),
        ("POST", "/users/login", {"username": "ada", "password": "ada's long password"}),
    ],
)
def test_route_without_its_database_answers_503_soon(ada, dead_database, method, path, body):
    started = time.monotonic()
    response = dead_database.request(method, path, json=body, headers=ada)

    assert response.status_code == 503
    assert response.json() == {"detail": "Service temporarily unavailable"}
    assert int(response.headers["Retry-After"]) > 0
    assert time.monotonic() - started < 5


def test_api_without_its_database_is_live_and_not_ready(dead_database):
    assert dead_database.get("/health").json()["status"] == "healthy"
    answer = dead_database.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["status"] == "unavailable"
    assert answer.json()["parts"]["database"]["status"] == "failed"
    assert "secretpass" not in answer.text


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_api_goes_on_when_postgresql_cut_its_connections(api, ada, postgres_server, database_url):
    assert api.get("/alerts/", headers=ada).status_code == 200

    postgres_server.cut_connections(database_url)

    assert api.get("/alerts/", headers=ada).status_code == 200


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_statement_that_takes_too_long_is_ended(environment, database_url):
    with db.transaction(read_only=True) as session:
        assert session.scalar(text("SHOW statement_timeout")) == "5s"
    engine = db.make_engine(database_url, statement_timeout_ms=100)
    with pytest.raises(OperationalError, match="statement timeout"), engine.connect() as connection:
        connection.execute(text("SELECT pg_sleep(5)"))
    engine.dispose()


def test_error_of_the_database_does_not_tell_what_was_to_be_stored(market, now):
    def twice():
        with db.transaction() as session:
            session.add_all(Symbol(symbol="000660", name="a secret name", updated_at=now) for _ in range(2))

    with pytest.raises(IntegrityError) as refused:
        twice()

    assert "a secret name" not in str(refused.value)


def test_change_that_could_not_be_committed_is_never_reported_as_done(api, ada):
    def fail(_session):
        raise OperationalError("COMMIT", {}, ConnectionError("away"))

    event.listen(Session, "before_commit", fail)
    try:
        answer = api.post("/watchlist/add", json={"symbol": "005930"}, headers=ada)
    finally:
        event.remove(Session, "before_commit", fail)

    assert answer.status_code == 503
    assert api.get("/watchlist/get/1", headers=ada).json() == {"watchlist": []}


def test_bug_is_a_500_without_its_text_and_with_the_headers_of_every_answer(api, monkeypatch):
    def explode(*_arguments, **_options):
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr("app.services.symbols.list_symbols", explode)

    response = api.get("/symbols/")

    assert (response.status_code, response.json()) == (500, {"detail": "Internal Server Error"})
    assert response.headers["Cache-Control"] == "no-store"
