"""The service as a process: started, stopped, killed, refused."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from app import db
from app.models import Heartbeat, JobRun, Symbol
from app.services import jobs
from tests.integration.app.conftest import ROOT

# Where the kind of database changes nothing, once is enough: each start costs seconds.
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(environment, tmp_path, monkeypatch) -> Iterator[Start]:
    """Run `python -m app …` as a child process, with a quick market."""
    children: list[subprocess.Popen[str]] = []
    quick = {"TICK_SECONDS": "0.2", "REPLAY_STEP_SECONDS": "0.2", "PYTHONPATH": str(ROOT)}

    # nothing of the tester's own but the way to programs and, in a container, to the tests' database
    surroundings = {name: os.environ[name] for name in ("PATH", "PGPASSWORD") if name in os.environ}

    def start(*words, **more):
        child = subprocess.Popen(
            [sys.executable, "-m", "app", *words],
            cwd=tmp_path,
            env=surroundings | environment | quick | more,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        children.append(child)
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate()


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
        return number


def eventually(claim, within_s=20.0):
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            if value := claim():
                return value
        except (OSError, httpx.HTTPError):
            pass
        time.sleep(0.05)
    raise AssertionError(f"not within {within_s} s")


def readiness(port):
    return httpx.get(f"http://127.0.0.1:{port}/ready", timeout=5, trust_env=False)


def runs(job=jobs.CHECK_ALERTS):
    with db.transaction(read_only=True) as session:
        return session.query(JobRun).filter_by(job=job).order_by(JobRun.id).all()


def terms():
    """Each scheduler that takes the lead begins with a look at the symbols."""
    return [run for run in runs(jobs.UPDATE_SYMBOLS) if run.slot.startswith("start-")]


def test_all_serves_and_stops_cleanly_when_asked(start, port, tmp_path):
    service = start("all", API_PORT=str(port))
    ready = eventually(lambda: (answer := readiness(port)).json()["status"] == "ok" and answer.json())

    service.send_signal(signal.SIGTERM)
    output = service.communicate(timeout=10)[0]

    assert service.returncode == 0, output
    assert ready["parts"]["database"]["status"] == "ok"
    assert ready["parts"]["scheduler"]["status"] == "ok"
    assert ready["parts"]["bot"]["status"] == "disabled"
    assert ready["jobs"][jobs.CHECK_ALERTS]["outcome"] == "ok"
    for part, name in (("api", "app.log"), ("bot", "bot.log"), ("scheduler", "scheduler.log")):
        assert f"{part} starts" in (tmp_path / "logs" / name).read_text()
    assert "Traceback" not in output


@ON_SQLITE
@pytest.mark.parametrize("seconds", [1.0, 2.0])
def test_stop_while_starting_is_clean_too(start, port, seconds):
    service = start("all", API_PORT=str(port))
    time.sleep(seconds)

    service.terminate()

    output = service.communicate(timeout=10)[0]
    assert (service.returncode, "Traceback" in output) == (0, False), output


@ON_SQLITE
def test_lame_duck_serves_while_it_says_goodbye(start, port):
    service = start("api", API_PORT=str(port), LAME_DUCK_SECONDS="2")
    eventually(lambda: readiness(port).status_code == 200)

    service.send_signal(signal.SIGTERM)

    eventually(lambda: readiness(port).status_code == 503, within_s=1.5)
    assert httpx.get(f"http://127.0.0.1:{port}/symbols/", trust_env=False).status_code == 200
    service.communicate(timeout=10)
    assert service.returncode == 0


@ON_SQLITE
def test_taken_port_is_one_line_and_code_5(start, port):
    with socket.create_server(("127.0.0.1", port)):
        service = start("api", API_PORT=str(port))
        output = service.communicate(timeout=20)[0]

    assert service.returncode == 5
    assert f"API_PORT {port}" in output.splitlines()[-1]
    assert "Traceback" not in output


@ON_SQLITE
@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ({"APP_ENV": ""}, "APP_ENV is missing"),
        ({"APP_ENV": "prod"}, "APP_ENV"),
        ({"JWT_SECRET_KEY": ""}, "JWT_SECRET_KEY is missing"),
        ({"JWT_SECRET_KEY": "short"}, "JWT_SECRET_KEY: must have at least 32 bytes"),
        ({"API_PORT": "eighty"}, "API_PORT"),
        ({"DATABASE_URL": "mysql://root:hunter22@x/y"}, "DATABASE_URL"),
    ],
)
def test_bad_setting_is_one_line_without_its_value_and_code_5(start, setting, complaint):
    service = start("all", **setting)
    output = service.communicate(timeout=20)[0]

    assert service.returncode == 5
    assert output.startswith(f"not ready: {complaint}")
    assert len(output.splitlines()) == 1
    assert not any(value in output for value in ("short", "eighty", "hunter22"))


@ON_SQLITE
def test_files_are_for_their_owner_only_whatever_the_umask(start, port, tmp_path):
    before = os.umask(0)
    try:
        upgrade = [sys.executable, "-m", "alembic", "-c", ROOT / "alembic.ini", "upgrade", "head"]
        url = f"sqlite:///{tmp_path}/data/new.db"
        subprocess.run(upgrade, cwd=ROOT, env={**os.environ, "DATABASE_URL": url}, check=True, capture_output=True)
        service = start("all", API_PORT=str(port), DATABASE_URL=url, HEARTBEAT_DIR=str(tmp_path / "data" / "beats"))
        eventually(lambda: readiness(port).json()["status"] == "ok")
    finally:
        os.umask(before)
    service.terminate()
    service.communicate(timeout=10)

    written = [tmp_path / "logs", tmp_path / "data", *tmp_path.glob("logs/*"), *tmp_path.glob("data/**/*")]

    modes = {path.relative_to(tmp_path).as_posix(): oct(path.stat().st_mode & 0o777) for path in written}
    assert {"logs/bot.log", "data/new.db", "data/new.db.lock", "data/new.db.leader", "data/beats/bot"} <= set(modes)
    assert modes == {path.relative_to(tmp_path).as_posix(): "0o700" if path.is_dir() else "0o600" for path in written}


@ON_SQLITE
def test_administrators_are_made_by_hand(start, api, ada):
    def admin(name, **more):
        made = start("admin", name, **more)
        return made.communicate(timeout=20)[0], made.returncode

    answers = [admin("nobody"), admin("ada"), admin("ada")]

    assert answers == [
        ("there is no account 'nobody': register it first\n", 4),
        ("ada is an administrator now\n", 0),
        ("ada was an administrator already\n", 0),
    ]
    assert api.get("/users/", headers=ada).status_code == 401  # a token of the time before
    login = {"username": "ada", "password": "ada's long password"}
    token = api.post("/users/login", json=login).json()["access_token"]
    assert api.get("/users/", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    away = admin("ada", DATABASE_URL="postgresql+psycopg://ada:hunter22@127.0.0.1:9/x")
    assert away == ("not ready: the database does not answer (OperationalError)\n", 5)


@ON_SQLITE
def test_wrong_words_are_code_2(start):
    service = start("everything")

    assert "usage" in service.communicate(timeout=20)[0]
    assert service.returncode == 2


def test_scheduler_plays_the_market_and_fires(start, api, ada):
    alert = {"symbol": "005930", "target_price": 90000, "condition": "gte"}
    assert api.post("/alerts/", json=alert, headers=ada).status_code == 200

    start("scheduler")

    (fired,) = eventually(
        lambda: [alert for alert in api.get("/alerts/", headers=ada).json() if not alert["is_active"]]
    )
    assert fired["firings"] == 1
    assert fired["fired_price"] >= 90000
    assert eventually(lambda: api.get("/symbols/005930/current_price_and_change").json()["current_price"] == 91000)
    with db.transaction(read_only=True) as session:
        assert session.query(Symbol).count() == 5


def test_second_scheduler_waits_and_takes_over_when_the_first_is_killed(start):
    first = start("scheduler")
    eventually(lambda: len(runs()) > 2)
    second = start("scheduler")
    time.sleep(1.5)
    assert second.poll() is None
    assert len(terms()) == 1

    first.kill()
    killed_at = time.monotonic()
    first.wait()

    eventually(lambda: len(terms()) == 2)
    assert time.monotonic() - killed_at < 6
    before = len(runs())
    eventually(lambda: len(runs()) > before + 2)


@ON_SQLITE
def test_run_that_died_with_its_scheduler_is_marked_and_done_again(start, now):
    slot = "2026-11-20"
    with db.transaction() as session:
        died = jobs.start_run(session, jobs.UPDATE_DAILY_PRICES, slot, now)

    start("scheduler")

    eventually(lambda: [run for run in runs(jobs.UPDATE_DAILY_PRICES) if run.outcome == "ok"])
    (interrupted,) = [run for run in runs(jobs.UPDATE_DAILY_PRICES) if run.id == died]
    assert (interrupted.outcome, interrupted.detail) == ("failed", "interrupted")
    with db.transaction() as session:
        assert jobs.start_run(session, jobs.UPDATE_DAILY_PRICES, slot, now) == died


@ON_SQLITE
def test_requested_run_is_taken_within_seconds(start, now):
    start("scheduler")
    eventually(runs)
    with db.transaction() as session:
        asked = jobs.request(session, jobs.UPDATE_DAILY_PRICES, "ada", now).id

    (run,) = eventually(lambda: [run for run in runs(jobs.UPDATE_DAILY_PRICES) if run.slot == f"request-{asked}"])

    assert eventually(lambda: {run.id: run.outcome for run in runs(jobs.UPDATE_DAILY_PRICES)}[run.id] == "ok")


@ON_SQLITE
def test_broken_market_fails_the_job_and_says_so_but_the_scheduler_lives(start, tmp_path):
    market = tmp_path / "market"
    market.mkdir()
    for name in ("symbols.csv", "prices.csv", "candles.csv"):
        (market / name).write_bytes((ROOT / "app" / "clients" / "replay_market" / name).read_bytes())
    scheduler = start("scheduler", REPLAY_DIR=str(market))
    eventually(runs)

    (market / "prices.csv").write_text("tick,symbol,price,halted\n0,005930,many,no\n")

    failed = eventually(lambda: [run for run in runs() if run.outcome == "failed"])
    assert failed[0].detail == "prices.csv, line 2: not what this file holds"
    with db.transaction(read_only=True) as session:
        beat = session.get(Heartbeat, "scheduler")
    assert beat is not None
    assert beat.status == "failed"
    sign_of_life = tmp_path / "heartbeats" / "scheduler"
    before, failures = sign_of_life.stat().st_mtime, len(failed)
    eventually(lambda: len([run for run in runs() if run.outcome == "failed"]) > failures + 2)
    assert sign_of_life.stat().st_mtime == before
    assert scheduler.poll() is None


@ON_SQLITE
def test_health_command_knows_a_living_part_from_a_dead_one(start, port, tmp_path):
    def health(part):
        checked = start("health", part, API_PORT=str(port))
        checked.communicate(timeout=20)
        return checked.returncode

    assert [health("api"), health("scheduler")] == [1, 1]
    service = start("all", API_PORT=str(port))
    eventually(lambda: readiness(port).json()["status"] == "ok")
    assert [health("api"), health("scheduler"), health("bot")] == [0, 0, 0]

    service.kill()
    service.wait()
    an_hour_ago = time.time() - 3600
    os.utime(tmp_path / "heartbeats" / "scheduler", (an_hour_ago, an_hour_ago))
    assert [health("api"), health("scheduler")] == [1, 1]


def test_health_command_needs_no_package():
    words = [sys.executable, "-X", "importtime", "-m", "app", "health", "bot"]
    checked = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=20)

    for package in ("sqlalchemy", "fastapi", "pydantic", "telegram", "httpx"):
        assert f" {package}" not in checked.stderr


@ON_SQLITE
def test_secrets_appear_in_no_output_at_any_level(start, port, tmp_path):
    canaries = {
        "JWT_SECRET_KEY": "canary-of-the-signing-key-0123456789abcdef",
        "TELEGRAM_BOT_TOKEN": "123456789:canary-of-the-bot-token-0123456789",
        "DART_API_KEY": "canaryofthedartkey0123456789abcdef012345",
        "PGPASSWORD": "canary-of-the-database-password",
    }
    dead_end = "http://127.0.0.1:9"  # the bot's every call fails, and tells of it
    service = start("all", API_PORT=str(port), LOG_LEVEL="DEBUG", TELEGRAM_API_URL=dead_end, **canaries)
    eventually(lambda: readiness(port).status_code == 200)
    password = "canary-of-the-users-password"
    base = f"http://127.0.0.1:{port}"
    account = {"username": "ada", "email": "ada@example.com", "password": password}
    httpx.post(f"{base}/users/register", json=account, trust_env=False)
    token = httpx.post(f"{base}/users/login", json=account, trust_env=False).json()["access_token"]
    httpx.get(f"{base}/users/me", headers={"Authorization": f"Bearer {token}"}, trust_env=False)
    time.sleep(1)
    service.terminate()

    output = service.communicate(timeout=12)[0]

    output += "".join(file.read_text() for file in (tmp_path / "logs").iterdir())
    assert "DEBUG" in output
    for secret in (*canaries.values(), password, token):
        assert secret not in output
