"""200 alerts fire at once while Telegram stumbles and the service is killed twice: all arrive, copies are marked."""

import json
import re
import sys
import time
from collections import Counter

import psutil
import pytest

from tests.e2e.deployment import Deployment, until

ALERTS = 200
FIRST_CHAT = 800_000


PUT_IN = f"""
from app import clock, db
from app.models import Alert, User
with db.transaction() as session:
    for number in range({ALERTS}):
        times = dict(created_at=clock.now(), updated_at=clock.now())
        user = User(username=f"person{{number}}", telegram_chat_id={FIRST_CHAT} + number, **times)
        session.add(user)
        session.flush()
        session.add(Alert(user_id=user.id, symbol="005930", condition="gte", target_price=1000, **times))
"""


@pytest.fixture
def watched(local: Deployment):
    """200 people, each with a chat and an alert that the market has reached already, put in while nothing runs."""
    local.opsctl("down")
    put_in = local.run(sys.executable, "-c", PUT_IN, APP_ENV="development", DATABASE_URL="sqlite:///data/app.db")
    assert put_in.code == 0, put_in
    return local


def alerts_received(telegram) -> dict[int, list[str]]:
    received: dict[int, list[str]] = {}
    for message in telegram.messages():
        if FIRST_CHAT <= message["chat_id"] < FIRST_CHAT + ALERTS and "005930" in message["text"]:
            received.setdefault(message["chat_id"], []).append(message["text"])
    return received


def kill_the_service(local: Deployment) -> None:
    (process,) = [
        one
        for one in psutil.process_iter(["cwd", "cmdline"])
        if one.info["cwd"] == str(local.folder) and "app" in (one.info["cmdline"] or [])
    ]
    process.kill()
    process.wait(10)


def test_every_alert_arrives_and_every_copy_is_marked(watched, telegram):
    telegram.fail("429", probability=0.04, seconds=2)
    telegram.fail("500", probability=0.03)
    telegram.fail("drop_before", probability=0.02)
    telegram.fail("drop_after", probability=0.02)

    assert watched.opsctl("up").code == 0
    for reached in (40, 110):
        until(lambda enough=reached: len(alerts_received(telegram)) >= enough, f"{reached} messages", 90)
        kill_the_service(watched)
        assert watched.opsctl("up").code == 0
    until(lambda: len(alerts_received(telegram)) == ALERTS, "the last message", 120)
    time.sleep(3)

    received = alerts_received(telegram)
    assert len(received) == ALERTS
    for chat, texts in received.items():
        unmarked = [text for text in texts if "재전송" not in text]
        assert len(unmarked) <= 1, f"chat {chat} got an unmarked copy: {json.dumps(texts, ensure_ascii=False)}"
    copies = Counter(len(texts) for texts in received.values())
    assert max(copies) <= 4, copies
    assert not re.search("Traceback", (watched.folder / "logs" / "bot.log").read_text(encoding="utf-8"))
