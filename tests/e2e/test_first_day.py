"""A stranger's first day on a machine without Docker: two commands, one alert, one message."""

import psutil
import pytest

from tests.e2e.deployment import NO_ENGINE, Deployment, copy_of_the_project, new_environment, until

CHAT = 700001


@pytest.fixture(scope="module")
def clone(tmp_path_factory, telegram):
    """A fresh clone, brought up by the README's first command."""
    folder = copy_of_the_project(tmp_path_factory.mktemp("clone"))
    deployment = Deployment(
        folder, {**NO_ENGINE, **new_environment(telegram)}, program=(str(folder / ".venv/bin/opsctl"),)
    )
    deployment.first_screen = deployment.run("make", "up", timeout_s=900)
    yield deployment
    deployment.opsctl("down")


def test_make_up_ends_with_the_status_and_three_next_steps(clone):
    screen = clone.first_screen

    assert screen.code == 0, screen
    assert "development" in screen.stdout
    assert screen.stdout.count("opsctl ") >= 3
    assert (clone.folder / ".env.development").stat().st_mode & 0o777 == 0o600
    assert (clone.folder / ".env").readlink().name == ".env.development"


def test_second_make_up_changes_nothing(clone):
    before = [service["started_at"] for service in clone.opsctl("status", "--json").json["services"]]

    again = clone.run("make", "up")

    assert again.code == 0, again
    assert [service["started_at"] for service in clone.opsctl("status", "--json").json["services"]] == before


def test_alert_reaches_the_chat_exactly_once(clone, telegram):
    ada = clone.account("ada")
    clone.link(ada, telegram, CHAT)
    greetings = len(telegram.texts(CHAT))

    created = ada.post("/alerts/", json={"symbol": "005930", "target_price": 90000, "condition": "gte"})

    assert created.status_code == 200, created.text
    until(lambda: len(telegram.texts(CHAT)) > greetings, "the alert's message")
    until(lambda: not ada.get("/alerts/").json()[0]["is_active"], "the alert's new state")
    (message,) = telegram.texts(CHAT)[greetings:]
    assert "가격 알림" in message
    assert "삼성전자" in message
    assert "90,000원" in message


def test_ready_names_every_part_and_job(clone):
    ready = clone.client().get("/ready")

    assert ready.status_code == 200
    body = ready.json()
    assert body["status"] == "ok", body
    assert {part["status"] for part in body["parts"].values()} == {"ok"}
    assert body["jobs"]


def test_status_tells_the_truth(clone):
    status = clone.opsctl("status", "--json").json

    assert status["runtime"] == "local"
    assert status["environment"] == "development"
    assert {service["name"]: service["health"] for service in status["services"]} == dict.fromkeys(
        ("api", "bot", "scheduler"), "healthy"
    )
    assert status["database"]["engine"] == "sqlite"
    assert status["database"]["revision"] == status["database"]["head"]


def test_secrets_are_in_no_log_and_no_output(clone, telegram):
    secrets = [telegram.token]
    for line in (clone.folder / ".env.development").read_text().splitlines():
        key, _, value = line.partition("=")
        secrets += [value] if key in ("JWT_SECRET_KEY", "POSTGRES_PASSWORD") else []

    written = clone.first_screen.stdout + clone.first_screen.stderr
    for file in [*clone.folder.glob("logs/*"), *clone.folder.glob(".opsctl/*")]:
        written += file.read_text(errors="replace") if file.is_file() else ""

    assert not [secret for secret in secrets if secret in written]


def test_down_leaves_no_process(clone):
    down = clone.opsctl("down")

    assert down.code == 0, down
    left = [process for process in psutil.process_iter(["cwd", "cmdline"]) if process.info["cwd"] == str(clone.folder)]
    assert left == []
    assert clone.opsctl("status").code == 3
