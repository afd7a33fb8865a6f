"""Rotating files, one format, one redactor."""

import logging
import re
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from datetime import datetime
from logging.handlers import RotatingFileHandler
from types import TracebackType
from urllib.parse import quote

from app.clock import KST
from app.settings import Settings

FILES = {"api": "app.log", "bot": "bot.log", "scheduler": "scheduler.log"}
# httpx writes every request's URL at INFO, and Telegram's URL holds the token.
QUIET = ("httpx", "httpcore", "apscheduler", "uvicorn.access")
SHORTEST_SECRET = 6

# Tasks and threads inherit it, so with `all` a library's line lands in the file of the part that caused it.
part: ContextVar[str] = ContextVar("part", default="api")

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b\d{5,}:[A-Za-z0-9_-]{30,}"), "***"),
    (re.compile(r"/bot[^/\s]+/"), "/bot***/"),
    (re.compile(r"(://[^:/@\s]*):[^@/\s]+@"), r"\1:***@"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), "***"),
    (
        re.compile(r"(?i)\b(crtfc_key|password|passwd|pwd|secret|token|api_key)(\"?\s*[=:]\s*\"?)[^\s&\"',)]+"),
        r"\1\2***",
    ),
    (re.compile(r"\$argon2\w*\$\S+"), "***"),
)
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160), 0x2028, 0x2029)} | {
    0x0A: "\\n",
    0x0D: "\\r",
    0x09: "\t",
}


def configure(parts: Iterable[str], settings: Settings) -> None:
    """Send each part's lines to its own file and all of them to stdout; a folder that refuses costs only the files."""
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a terminal without Korean must not stop us
    logging.raiseExceptions = False  # a full disk stops the log, not the service
    formatter = LineFormatter(redactor(settings.secrets()))
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stdout)]
    refusal = ""
    try:
        handlers += _file_handlers(tuple(parts), settings)
    except OSError as error:
        refusal = error.strerror or type(error).__name__
    for handler in handlers:
        handler.setFormatter(formatter)
    logging.basicConfig(level=settings.log_level, handlers=handlers, force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    _report_crashes()
    if refusal:
        logging.getLogger(__name__).warning("LOG_DIR cannot be written (%s): logging to stdout only", refusal)


def redactor(secrets: Mapping[str, str]) -> Callable[[str], str]:
    """A function that hides the given values, as they are and URL-quoted, and whatever looks like a secret."""
    values = {value for value in secrets.values() if len(value) >= SHORTEST_SECRET}
    forms = sorted(values | {quote(value, safe="") for value in values}, key=len, reverse=True)

    def redact(text: str) -> str:
        for form in forms:
            text = text.replace(form, "***")
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text

    return redact


class LineFormatter(logging.Formatter):
    """One record, one line, Korean time; control characters are escaped so that user data cannot forge a line."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        super().__init__("%(asctime)s - %(name)s - %(levelname)s - %(message)s")
        self._redact = redact

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        moment = datetime.fromtimestamp(record.created, KST)
        return f"{moment:%Y-%m-%d %H:%M:%S},{moment.microsecond // 1000:03d}"

    def format(self, record: logging.LogRecord) -> str:
        return self._redact(super().format(record)).translate(_CONTROL)


def _file_handlers(parts: tuple[str, ...], settings: Settings) -> list[logging.Handler]:
    settings.log_dir.mkdir(parents=True, exist_ok=True)
    handlers: list[logging.Handler] = []
    for name in parts:
        handler = RotatingFileHandler(
            settings.log_dir / FILES[name],
            maxBytes=settings.log_max_bytes,
            backupCount=settings.log_backup_count,
            encoding="utf-8",
            errors="backslashreplace",
        )
        if len(parts) > 1:
            handler.addFilter(_only(name))
        handlers.append(handler)
    return handlers


def _only(name: str) -> Callable[[logging.LogRecord], bool]:
    return lambda _record: part.get() == name


def _report_crashes() -> None:
    """The last words of a dying process go through the redactor too."""
    log = logging.getLogger("app")

    def report(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        text = "".join(traceback.format_exception(kind, error, trace))
        log.critical("crashed: %s", text)

    sys.excepthook = report
    threading.excepthook = lambda crash: report(crash.exc_type, crash.exc_value, crash.exc_traceback)
