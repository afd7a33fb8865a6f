"""From an outbox row to the text that leaves."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from telegram.constants import MessageLimit

from app import clock
from app.services.outbox import Leased
from app.texts import in_language

LONGEST_TEXT = MessageLimit.MAX_TEXT_LENGTH  # UTF-16 units, after the markup is read
PART_LENGTH = LONGEST_TEXT - 100  # room for the mark, the lateness and "(2/3)"
# Telegram refuses none of these loudly, but what a text may not hold would break the request or the log.
_UNSENDABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class CannotRender(Exception):
    """The row says something this version does not know how to say."""


@dataclass(frozen=True)
class Text:
    """`html` with Telegram's markup, `plain` without; `keyboard` is rows of (label, callback data)."""

    html: str
    keyboard: tuple[tuple[tuple[str, str], ...], ...] = ()

    @property
    def plain(self) -> str:
        return html.unescape(re.sub(r"</?[a-zA-Z][^<>]*>", "", self.html))

    @property
    def is_too_long(self) -> bool:
        return length(self.plain) > LONGEST_TEXT


def render(row: Leased) -> Text:
    """Raises CannotRender. A copy says that it is one, a late message from when it is."""
    words = in_language(row.language)
    body = _body(row.kind, row.payload, words)
    marks = [words.RESENT.format(id=row.id)] if row.is_repeat else []
    if row.is_late:
        marks.append(words.LATE.format(moment=moment(row.created_at)))
    text = "\n".join([*(escape(mark) for mark in marks), body])
    keyboard = tuple(tuple((str(label), str(data)) for label, data in line) for line in row.payload.get("keyboard", ()))
    return Text(_UNSENDABLE.sub("�", text), keyboard)


def escape(value: object) -> str:
    return html.escape(str(value), quote=False)


def moment(value: datetime) -> str:
    return f"{clock.in_korea(value):%m/%d %H:%M:%S}"


def length(text: str) -> int:
    """As Telegram counts: an emoji outside the basic plane is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def split_text(text: str, language: str) -> list[str]:
    """Parts that each fit, numbered, broken at a line's end where there is one."""
    parts: list[str] = []
    while text:
        part = _fitting(text)
        cut = part.rfind("\n") + 1 if len(part) < len(text) else 0
        part = part[:cut] if cut > len(part) // 2 else part
        parts.append(part.rstrip("\n") or part)
        text = text[len(part) :]
    label = in_language(language).PART_OF_LONG_TEXT
    return [f"{label.format(number=number, count=len(parts))}\n{part}" for number, part in enumerate(parts, start=1)]


def _fitting(text: str) -> str:
    units = 0
    for index, character in enumerate(text):
        units += 2 if ord(character) > 0xFFFF else 1
        if units > PART_LENGTH:
            return text[:index]
    return text


def _body(kind: str, payload: Mapping[str, Any], words: Any) -> str:
    try:
        match kind:
            case "price_alert":
                return _price_alert(payload, words)
            case "html":
                return str(payload["html"])
            case "text":
                return escape(payload["text"])
    except (KeyError, ValueError, TypeError) as error:
        raise CannotRender(f"payload of {kind}: {type(error).__name__}") from error
    raise CannotRender(f"unknown kind {kind}")


def _price_alert(payload: Mapping[str, Any], words: Any) -> str:
    template: str = words.PRICE_ALERT
    return template.format(
        name=escape(payload.get("name") or payload["symbol"]),
        symbol=escape(payload["symbol"]),
        price=int(payload["price"]),
        target_price=int(payload["target_price"]),
        condition=words.CONDITIONS[payload["condition"]],
    )
