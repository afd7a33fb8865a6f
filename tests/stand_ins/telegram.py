"""A Telegram Bot API server: `python -m tests.stand_ins.telegram --port N`, or `with running_telegram() as telegram`.

Bots call /bot<token>/<method> as they call Telegram. Tests act as the users and break things through /control/…,
which `Telegram` wraps; every received message is kept, and with --log also written to a file, one JSON line each,
before the caller is answered.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tests.stand_ins.http_server import Request, Response, start_http_server
from tests.stand_ins.telegram_faults import Fault, refusal, too_many_requests
from tests.stand_ins.telegram_forms import (
    MAX_CAPTION,
    MAX_TEXT,
    Refused,
    chat_of,
    check_keyboard,
    check_text,
    read_parameters,
)
from tests.stand_ins.telegram_limits import LimitKeeper, Limits

TOKEN = "123456:TEST-TOKEN-OF-THE-STAND-IN"
BOT = {"id": 123456, "is_bot": True, "first_name": "Stand-in", "username": "stand_in_bot"}
MAX_POLL_S = 50.0


class BotApi:
    """The server's memory, and its answers. Lives in one event loop."""

    def __init__(self, token: str = TOKEN, log: Path | None = None, seed: int | None = None) -> None:
        self.token = token
        self.is_revoked = False
        self.limits = LimitKeeper(Limits())
        self.faults: list[Fault] = []
        self.messages: list[dict[str, Any]] = []
        self.calls: list[dict[str, Any]] = []
        self.updates: list[dict[str, Any]] = []
        self.commands: list[dict[str, Any]] = []
        self._next_update = 1000
        self._next_message = 1
        self._update_arrived = asyncio.Event()
        self._poller: asyncio.Event | None = None  # set when a newer poller takes over
        self._chance = random.Random(seed)
        self._log = log.open("a", encoding="utf-8") if log else None

    async def handle(self, request: Request) -> Response:
        if request.path.startswith("/control/"):
            return self._control(request)
        token, method = _split_path(request.path)
        try:
            parameters = read_parameters(request)
        except Refused as error:
            return refusal(400, str(error))
        response = await self._answer(token, method, parameters)
        self._note_call(method, parameters, response)
        return response

    # -- what a bot calls

    async def _answer(self, token: str | None, method: str, parameters: dict[str, Any]) -> Response:
        if token is None or ":" not in token:
            return refusal(404, "Not Found")
        if token != self.token or self.is_revoked:
            return refusal(401, "Unauthorized")
        fault = self._fault_for(method, parameters)
        if fault and not fault.takes_effect:
            return fault.answer(refusal(500, "Internal Server Error"))
        handler = self._methods().get(method.lower(), self._anything)
        try:
            usual = await handler(parameters, fault)
        except Refused as error:
            return refusal(400, str(error))
        return fault.answer(usual) if fault else usual

    def _methods(self) -> dict[str, Callable[[dict[str, Any], Fault | None], Awaitable[Response]]]:
        return {
            "getme": self._get_me,
            "getupdates": self._get_updates,
            "sendmessage": self._send_message,
            "sendphoto": self._send_photo,
            "editmessagetext": self._edit_message_text,
            "setmycommands": self._set_my_commands,
            "deletewebhook": self._anything,
            "deletemessage": self._anything,
            "answercallbackquery": self._answer_callback_query,
        }

    async def _get_me(self, _parameters: dict[str, Any], _fault: Fault | None) -> Response:
        return result({**BOT, "can_join_groups": True})

    async def _anything(self, _parameters: dict[str, Any], _fault: Fault | None) -> Response:
        return result(True)

    async def _set_my_commands(self, parameters: dict[str, Any], _fault: Fault | None) -> Response:
        commands = parameters.get("commands", "[]")
        self.commands = json.loads(commands) if isinstance(commands, str) else commands
        return result(True)

    async def _answer_callback_query(self, parameters: dict[str, Any], _fault: Fault | None) -> Response:
        if not parameters.get("callback_query_id"):
            raise Refused("Bad Request: query is too old and response timeout expired or query ID is invalid")
        return result(True)

    async def _send_message(self, parameters: dict[str, Any], fault: Fault | None) -> Response:
        text = str(parameters.get("text", ""))
        check_text(text, str(parameters.get("parse_mode", "")), MAX_TEXT)
        check_keyboard(parameters.get("reply_markup"))
        return self._accept("sendMessage", parameters, fault, text)

    async def _send_photo(self, parameters: dict[str, Any], fault: Fault | None) -> Response:
        if not parameters.get("photo"):
            raise Refused("Bad Request: there is no photo in the request")
        caption = str(parameters.get("caption", ""))
        if caption:
            check_text(caption, str(parameters.get("parse_mode", "")), MAX_CAPTION)
        return self._accept("sendPhoto", parameters, fault, caption)

    async def _edit_message_text(self, parameters: dict[str, Any], fault: Fault | None) -> Response:
        text = str(parameters.get("text", ""))
        check_text(text, str(parameters.get("parse_mode", "")), MAX_TEXT)
        message_id = int(parameters.get("message_id", 0))
        chat_id = chat_of(parameters)
        if not any(old["message_id"] == message_id and old["chat_id"] == chat_id for old in self.messages):
            raise Refused("Bad Request: message to edit not found")
        return self._accept("editMessageText", parameters, fault, text, message_id)

    def _accept(
        self, method: str, parameters: dict[str, Any], fault: Fault | None, text: str, message_id: int | None = None
    ) -> Response:
        """Keep the message, on disk first: a message that was answered for is always in the log."""
        chat_id = chat_of(parameters)
        wait_s = self.limits.admit(chat_id, time.monotonic())
        if wait_s:
            return too_many_requests(wait_s)
        if message_id is None:
            message_id = self._next_message
            self._next_message += 1
        usual = {"message_id": message_id, "date": int(time.time()), "chat": _chat(chat_id), "text": text}
        message = {
            "time": time.time(),
            "method": method,
            "chat_id": chat_id,
            "message_id": message_id,
            "text": text,
            "parse_mode": parameters.get("parse_mode"),
            "reply_markup": parameters.get("reply_markup"),
            "answered": fault is None or fault.kind == "slow",
        }
        self._write_log(message)
        self.messages.append(message)
        return result(usual)

    def _write_log(self, message: dict[str, Any]) -> None:
        if self._log:
            print(json.dumps(message, ensure_ascii=False), file=self._log, flush=True)
            os.fsync(self._log.fileno())

    async def _get_updates(self, parameters: dict[str, Any], _fault: Fault | None) -> Response:
        """As Telegram does it: a newer poller ends the older one's wait with 409."""
        if self._poller:
            self._poller.set()
        taken_over = self._poller = asyncio.Event()
        offset = int(parameters.get("offset", 0) or 0)
        self.updates = [update for update in self.updates if update["update_id"] >= offset]
        limit = min(int(parameters.get("limit", 100) or 100), 100)
        deadline = time.monotonic() + min(float(parameters.get("timeout", 0) or 0), MAX_POLL_S)
        while not self.updates and not taken_over.is_set() and (left_s := deadline - time.monotonic()) > 0:
            self._update_arrived.clear()
            await _first_of(self._update_arrived, taken_over, left_s)
        if taken_over.is_set():
            text = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
            return refusal(409, text)
        self._poller = None
        return result(self.updates[:limit])

    def _fault_for(self, method: str, parameters: dict[str, Any]) -> Fault | None:
        chat_id = None
        with contextlib.suppress(Refused):
            chat_id = chat_of(parameters)
        return next((fault for fault in self.faults if fault.hits(method, chat_id, self._chance)), None)

    def _note_call(self, method: str, parameters: dict[str, Any], response: Response) -> None:
        chat_id = parameters.get("chat_id")
        status = 0 if response.is_dropped else response.status
        self.calls.append({"time": time.time(), "method": method, "chat_id": chat_id, "status": status})

    # -- what a test calls

    def _control(self, request: Request) -> Response:
        name = request.path.removeprefix("/control/")
        try:
            words = json.loads(request.body or b"{}")
            return result(self._obey(name, request.method, words))
        except (ValueError, TypeError, KeyError) as error:
            return refusal(400, f"control: {error}")

    def _obey(self, name: str, verb: str, words: dict[str, Any]) -> Any:
        match name, verb:
            case "messages", "GET":
                return self.messages
            case "messages", "DELETE":
                self.messages.clear()
                return True
            case "calls", "GET":
                return self.calls
            case "commands", "GET":
                return self.commands
            case "updates", "GET":
                return self.updates
            case "updates", "POST":
                return self._push(words)
            case "faults", "GET":
                return [{**asdict(fault), "hit_chats": len(fault.hit_chats)} for fault in self.faults]
            case "faults", "POST":
                self.faults.append(Fault.from_json(words))
                return True
            case "faults", "DELETE":
                self.faults.clear()
                return True
            case "limits", "POST":
                self.limits.limits = replace(self.limits.limits, **words)
                return True
            case "token", "POST":
                self.is_revoked = bool(words["is_revoked"])
                return True
        raise KeyError(f"{verb} {name} is not something this server can do")

    def _push(self, words: dict[str, Any]) -> int:
        """`text` from `user_id`, a `callback_data`, or a whole `update`; returns the update_id."""
        update_id = self._next_update
        self._next_update += 1
        raw = words.get("update") or _update_of(words, update_id)
        self.updates.append({**raw, "update_id": update_id})
        self._update_arrived.set()
        return update_id


def result(value: Any) -> Response:
    return Response(200, json.dumps({"ok": True, "result": value}).encode())


def _split_path(path: str) -> tuple[str | None, str]:
    parts = path.strip("/").split("/")
    if len(parts) != 2 or not parts[0].startswith("bot"):
        return None, path
    return parts[0].removeprefix("bot"), parts[1]


def _chat(chat_id: int) -> dict[str, Any]:
    if chat_id < 0:
        return {"id": chat_id, "type": "supergroup", "title": "A group"}
    return {"id": chat_id, "type": "private", "first_name": "User"}


def _update_of(words: dict[str, Any], update_id: int) -> dict[str, Any]:
    user_id = int(words["user_id"])
    chat_id = int(words.get("chat_id", user_id))
    sender = {"id": user_id, "is_bot": False, "first_name": words.get("first_name", "User")}
    sender["language_code"] = words.get("language_code", "ko")
    message = {
        "message_id": update_id,
        "date": int(words.get("date", time.time())),
        "chat": _chat(chat_id),
        "from": sender,
        "text": words.get("text", ""),
    }
    if message["text"].startswith("/"):
        length = len(message["text"].split()[0])
        message["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
    if "callback_data" in words:
        callback = {"id": str(update_id), "from": sender, "message": message, "chat_instance": "1"}
        return {"callback_query": {**callback, "data": words["callback_data"]}}
    return {"message": message}


async def _first_of(one: asyncio.Event, other: asyncio.Event, timeout_s: float) -> None:
    waits = [asyncio.ensure_future(one.wait()), asyncio.ensure_future(other.wait())]
    await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


class Telegram:
    """Be the users, read what they got, break the server: a client of /control/…"""

    def __init__(self, url: str, token: str = TOKEN) -> None:
        self.url = url
        self.token = token

    def write(self, user_id: int, text: str, **words: Any) -> int:
        """A user's message; returns its update_id. `words`: chat_id, date, language_code, first_name."""
        return int(self._call("POST", "updates", {"user_id": user_id, "text": text, **words}))

    def press(self, user_id: int, callback_data: str, **words: Any) -> int:
        return int(self._call("POST", "updates", {"user_id": user_id, "callback_data": callback_data, **words}))

    def push(self, update: dict[str, Any]) -> int:
        return int(self._call("POST", "updates", {"update": update}))

    def fail(self, kind: str, **words: Any) -> None:
        """See `Fault` for the words."""
        self._call("POST", "faults", {"kind": kind, **words})

    def heal(self) -> None:
        self._call("DELETE", "faults")

    def set_limits(self, **words: float) -> None:
        self._call("POST", "limits", words)

    def revoke_token(self, is_revoked: bool = True) -> None:
        self._call("POST", "token", {"is_revoked": is_revoked})

    def messages(self, chat_id: int | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._call("GET", "messages")
        return [message for message in found if chat_id in (None, message["chat_id"])]

    def texts(self, chat_id: int) -> list[str]:
        return [message["text"] for message in self.messages(chat_id)]

    def calls(self, method: str | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._call("GET", "calls")
        return [call for call in found if method in (None, call["method"])]

    def commands(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._call("GET", "commands")
        return found

    def unconfirmed_updates(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._call("GET", "updates")
        return found

    def _call(self, verb: str, name: str, words: dict[str, Any] | None = None) -> Any:
        body = json.dumps(words).encode() if words is not None else None
        request = urllib.request.Request(f"{self.url}/control/{name}", body, method=verb)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=10) as answer:
                return json.load(answer)["result"]
        except urllib.error.HTTPError as error:
            raise ValueError(json.load(error)["description"]) from None


@contextlib.contextmanager
def running_telegram(port: int = 0, log: Path | None = None, seed: int | None = 1) -> Iterator[Telegram]:
    """The server in a thread of this process."""
    started: list[tuple[asyncio.AbstractEventLoop, asyncio.Event, int]] = []
    is_up = threading.Event()

    async def live() -> None:
        stop = asyncio.Event()
        server = await start_http_server(BotApi(log=log, seed=seed).handle, "127.0.0.1", port)
        started.append((asyncio.get_running_loop(), stop, server.sockets[0].getsockname()[1]))
        is_up.set()
        await stop.wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(live()), name="telegram-stand-in", daemon=True)
    thread.start()
    if not is_up.wait(10):
        raise RuntimeError("The Telegram stand-in did not start.")
    loop, stop, bound_port = started[0]
    try:
        yield Telegram(f"http://127.0.0.1:{bound_port}")
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


async def _serve_until_told(host: str, port: int, token: str, log: Path | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = await start_http_server(BotApi(token, log).handle, host, port)
    print(f"http://{host}:{server.sockets[0].getsockname()[1]}", flush=True)  # noqa: T201 - the address is the output
    await stop.wait()
    server.close()


def main() -> None:
    words = argparse.ArgumentParser(prog="python -m tests.stand_ins.telegram", description=__doc__)
    words.add_argument("--host", default="127.0.0.1")
    words.add_argument("--port", type=int, required=True, help="0 picks a free one; the address is printed")
    words.add_argument("--token", default=TOKEN)
    words.add_argument("--log", type=Path, help="a file that gets one JSON line per received message")
    chosen = words.parse_args()
    asyncio.run(_serve_until_told(chosen.host, chosen.port, chosen.token, chosen.log))


if __name__ == "__main__":
    main()
