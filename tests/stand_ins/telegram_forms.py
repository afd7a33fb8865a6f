"""What a caller of the Bot API sent, and whether Telegram would take it."""

import html
import json
import re
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

from tests.stand_ins.http_server import Request

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_CALLBACK_BYTES = 64
HTML_TAGS = {
    "b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "a", "code", "pre", "span",
    "tg-spoiler", "tg-emoji", "blockquote",
}  # fmt: skip


class Refused(Exception):
    """A call Telegram would answer with 400 and this description."""


def read_parameters(request: Request) -> dict[str, Any]:
    """Query, form, multipart (files as their size) or JSON, whatever the caller chose."""
    parameters: dict[str, Any] = dict(parse_qsl(request.query, keep_blank_values=True))
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json"):
        parameters |= _read_json(request.body)
    elif kind.startswith("application/x-www-form-urlencoded"):
        parameters |= dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    elif kind.startswith("multipart/form-data"):
        parameters |= _read_multipart(kind, request.body)
    return parameters


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        raise Refused("Bad Request: can't parse JSON object") from None
    if not isinstance(value, dict):
        raise Refused("Bad Request: object expected")
    return value


def _read_multipart(kind: str, body: bytes) -> dict[str, Any]:
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    parts: dict[str, Any] = {}
    for part in message.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        is_file = part.get_filename() is not None
        parts[name] = {"file_bytes": len(content)} if is_file else content.decode("utf-8", "replace")
    return parts


def chat_of(parameters: dict[str, Any]) -> int:
    value = parameters.get("chat_id", "")
    if value in ("", None):
        raise Refused("Bad Request: chat_id is empty")
    try:
        return int(value)
    except (TypeError, ValueError):
        raise Refused("Bad Request: chat not found") from None


def check_text(text: str, parse_mode: str, limit: int) -> None:
    if not text.strip():
        raise Refused("Bad Request: message text is empty")
    if parse_mode and parse_mode.lower() not in ("html", "markdown", "markdownv2"):
        raise Refused("Bad Request: unsupported parse_mode")
    shown = _shown_html(text) if parse_mode.lower() == "html" else text
    if len(shown.encode("utf-16-le")) // 2 > limit:
        raise Refused("Bad Request: message is too long")


def check_keyboard(markup: Any) -> None:
    if not markup:
        return
    try:
        keyboard = json.loads(markup) if isinstance(markup, str) else markup
        rows = keyboard.get("inline_keyboard", [])
    except (ValueError, AttributeError):
        raise Refused("Bad Request: can't parse reply keyboard markup JSON object") from None
    for button in (button for row in rows for button in row):
        if len(str(button.get("callback_data", "")).encode()) > MAX_CALLBACK_BYTES:
            raise Refused("Bad Request: BUTTON_DATA_INVALID")


def _shown_html(text: str) -> str:
    """The text without its tags. As strict as Telegram: a bare `<` is an error."""
    shown: list[str] = []
    open_tags: list[str] = []
    for piece in re.findall(r"<[^<>]*>|<|[^<]+", text):
        if not piece.startswith("<"):
            shown.append(html.unescape(piece))
            continue
        tag = re.fullmatch(r"<(/?)([a-z-]+)(\s[^<>]*)?>", piece.lower())
        if tag is None or tag[2] not in HTML_TAGS:
            raise Refused(f'Bad Request: can\'t parse entities: Unsupported start tag "{piece.strip("</>")}"')
        if not tag[1]:
            open_tags.append(tag[2])
        elif not open_tags or open_tags.pop() != tag[2]:
            raise Refused(f'Bad Request: can\'t parse entities: Unexpected end tag "{tag[2]}"')
    if open_tags:
        raise Refused(f"Bad Request: can't parse entities: Can't find end tag corresponding to \"{open_tags[-1]}\"")
    return "".join(shown)
