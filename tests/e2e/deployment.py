"""A copy of the project in a folder of its own, and the ways in that people have: opsctl, HTTP, the chat."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.postgresql import free_port
from tests.stand_ins.telegram import TOKEN, Telegram

ROOT = Path(__file__).parents[2]
NO_ENGINE = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}
PASSWORD = "correct-horse-battery-staple"  # of test people only


@dataclass
class Outcome:
    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)

    def __str__(self) -> str:
        return f"exit {self.code}\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr[-4000:]}"


@dataclass
class Deployment:
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    program: tuple[str, ...] = (sys.executable, "-m", "opsctl")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environment['API_PORT']}"

    def run(self, *words: str, timeout_s: float = 600, **environment: str) -> Outcome:
        """Any program in the project's folder."""
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self.surroundings(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def opsctl(self, *words: str, timeout_s: float = 600, **environment: str) -> Outcome:
        return self.run(*self.program, *words, timeout_s=timeout_s, **environment)

    def surroundings(self, more: Mapping[str, str]) -> dict[str, str]:
        return {**os.environ, **self.environment, **more}

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=10, trust_env=False)

    def account(self, name: str) -> httpx.Client:
        """A registered and logged-in person."""
        client = self.client()
        person = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
        registered = client.post("/users/register", json=person)
        assert registered.status_code == 200, registered.text
        token = client.post("/users/login", json={"username": name, "password": PASSWORD}).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        return client

    def link(self, client: httpx.Client, telegram: Telegram, chat_id: int) -> None:
        """Tie the account to a chat as a person does: the code from the API goes to the bot."""
        code = client.post("/users/me/telegram-link").json()["code"]
        telegram.write(chat_id, f"/start {code}")
        until(lambda: telegram.texts(chat_id), "the bot's answer to /start")


def copy_of_the_project(target: Path) -> Path:
    """What a fresh clone holds: tracked files and new ones, nothing that is ignored."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def new_environment(telegram: Telegram | None) -> dict[str, str]:
    chosen = {"API_PORT": str(free_port()), "REPLAY_STEP_SECONDS": "1", "TICK_SECONDS": "1"}
    if telegram:
        chosen |= {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": telegram.url}
    return chosen


def unique_name(prefix: str) -> str:
    return f"{prefix}{secrets.token_hex(4)}"


@contextmanager
def telegram_process(folder: Path, host: str = "127.0.0.1") -> Iterator[Telegram]:
    """The Bot API stand-in as a process of its own; what it received survives in a file."""
    words = [sys.executable, "-m", "tests.stand_ins.telegram", "--host", host, "--port", "0"]
    words += ["--log", str(folder / "received.jsonl")]
    child = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout
        yield Telegram(child.stdout.readline().strip())
    finally:
        child.terminate()
        child.wait(10)


def until(condition: Callable[[], Any], what: str, timeout_s: float = 60) -> Any:
    """What the condition gave once it is truthy; a failure that says what never came."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.2)
    raise AssertionError(f"{what} did not come within {timeout_s:g} s")
