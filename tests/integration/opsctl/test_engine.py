"""The compose runtime where the Docker Engine is missing, hangs, or is too old: one line, exit 5, nothing changed."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

OLD_ENGINE = json.dumps({"ApiVersion": "1.41", "Version": "20.10.24", "MinAPIVersion": "1.12"}).encode()


@contextmanager
def engine_at(path: Path, answer: bytes | None) -> Iterator[str]:
    """A listener on a Unix socket that gives everybody the same answer, or accepts and says nothing."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(8)
    held: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            held.append(connection)
            if answer is not None:
                connection.recv(65536)
                head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n\r\n"
                connection.sendall(head.encode() + answer)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"unix://{path}"
    finally:
        for one in (listener, *held):
            one.close()


@pytest.mark.parametrize("words", [("rebuild",), ("test", "api"), ("up", "--env", "development")])
def test_missing_engine_is_named_with_the_next_step(system, words):
    refused = system.opsctl(*words, "--runtime", "compose", "--json", APP_ENV="development")

    assert refused.code == 5, refused
    assert refused.json["error"]["cause"] == "engine.unreachable"
    assert "docker" in refused.json["error"]["hint"]
    assert not system.processes()


def test_engine_that_never_answers_does_not_hang_us(system, tmp_path):
    with engine_at(tmp_path / "docker.sock", None) as address:
        started = time.monotonic()
        refused = system.opsctl("rebuild", "--runtime", "compose", DOCKER_HOST=address, APP_ENV="development")
        seconds = time.monotonic() - started

    assert refused.code == 5, refused
    assert "does not answer within 2 seconds" in refused.stderr
    assert seconds < 10


def test_engine_that_is_too_old_says_which_is_needed(system, tmp_path):
    with engine_at(tmp_path / "docker.sock", OLD_ENGINE) as address:
        refused = system.opsctl("rebuild", "--runtime", "compose", "--json", DOCKER_HOST=address, APP_ENV="development")

    assert refused.code == 5, refused
    assert refused.json["error"]["cause"] == "engine.version"
    assert "1.44" in refused.json["error"]["message"]


def test_without_an_engine_a_new_folder_comes_up_on_the_local_runtime(system):
    done = system.opsctl("up", "--env", "development", timeout_s=120, OPSCTL_RUNTIME_NAME="auto")

    assert done.code == 0, done
    assert system.status(OPSCTL_RUNTIME_NAME="auto")["runtime"] == "local"
