"""Failures a Telegram stand-in is told to show, and how they look on the wire."""

import json
import random
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.stand_ins.http_server import Response

KINDS = (
    "429",  # with retry_after `seconds`; 0 leaves the parameter out
    "403",
    "400",  # with `description`, or chat not found
    "migrate",  # 400 with migrate_to_chat_id
    "401",
    "404",
    "500",
    "502",  # an HTML page, as a proxy answers
    "504",  # an empty body
    "drop_before",  # the socket closes, nothing was done
    "drop_after",  # the socket closes, the message was delivered
    "stall",  # the answer takes `seconds`; delivered unless `processed` is false
    "garbage",  # delivered, answered 200 with something that is not JSON
    "slow",  # everything as usual, `seconds` later
)
Kind = Literal[
    "429",
    "403",
    "400",
    "migrate",
    "401",
    "404",
    "500",
    "502",
    "504",
    "drop_before",
    "drop_after",
    "stall",
    "garbage",
    "slow",
]
DELIVERS = {"drop_after", "stall", "garbage", "slow"}


@dataclass
class Fault:
    """One failure: for which calls, how often."""

    kind: Kind
    chat_id: int | None = None
    """None means every chat."""
    method: str | None = "sendMessage"
    """None means every method."""
    count: int | None = None
    """How many calls it hits; None means no end."""
    probability: float = 1.0
    seconds: float = 5.0
    description: str = ""
    migrate_to: int = 0
    processed: bool | None = None
    """Whether the call takes effect nevertheless; None means what the kind says."""
    every_chat_once: bool = False
    """Hit each chat only the first time it is written to."""
    hit_chats: set[int | None] = field(default_factory=set)

    @classmethod
    def from_json(cls, words: dict[str, Any]) -> "Fault":
        if str(words.get("kind")) not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        return cls(**{**words, "kind": str(words["kind"])})

    @property
    def takes_effect(self) -> bool:
        return self.kind in DELIVERS if self.processed is None else self.processed

    def hits(self, method: str, chat_id: int | None, chance: random.Random) -> bool:
        """Counts the hit as well."""
        if self.count == 0 or (self.method and self.method.lower() != method.lower()):
            return False
        if self.chat_id is not None and self.chat_id != chat_id:
            return False
        if self.every_chat_once and chat_id in self.hit_chats:
            return False
        if self.probability < 1 and chance.random() >= self.probability:
            return False
        self.hit_chats.add(chat_id)
        if self.count is not None:
            self.count -= 1
        return True

    def answer(self, usual: Response) -> Response:
        """What the caller gets; `usual` is what it would have got without the fault."""
        match self.kind:
            case "429":
                return too_many_requests(self.seconds)
            case "403":
                return refusal(403, self.description or "Forbidden: bot was blocked by the user")
            case "400":
                return refusal(400, self.description or "Bad Request: chat not found")
            case "migrate":
                text = "Bad Request: group chat was upgraded to a supergroup chat"
                return refusal(400, text, {"migrate_to_chat_id": self.migrate_to})
            case "401":
                return refusal(401, "Unauthorized")
            case "404":
                return refusal(404, "Not Found")
            case "500":
                return refusal(500, "Internal Server Error")
            case "502":
                page = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
                return Response(502, page, "text/html")
            case "504":
                return Response(504)
            case "drop_before" | "drop_after":
                return Response(is_dropped=True)
            case "stall" | "slow":
                return Response(usual.status, usual.body, usual.content_type, wait_s=self.seconds)
            case "garbage":
                return Response(200, b"\x00 this is not JSON {")


def too_many_requests(seconds: float) -> Response:
    if not seconds:
        return refusal(429, "Too Many Requests")
    wait = int(seconds) if seconds == int(seconds) else seconds
    return refusal(429, f"Too Many Requests: retry after {wait}", {"retry_after": wait})


def refusal(status: int, description: str, parameters: dict[str, Any] | None = None) -> Response:
    answer: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    if parameters:
        answer["parameters"] = parameters
    return Response(status, json.dumps(answer).encode())
