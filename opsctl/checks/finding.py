"""What a check says."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "info", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """An `error` stands for the root of a chain: what depends on it is not looked at."""

    level: Level
    message: str
    command: str = ""  # what to type about it; empty when there is nothing to do


def ok(message: str) -> Finding:
    return Finding("ok", message)


def info(message: str, command: str = "") -> Finding:
    return Finding("info", message, command)


def warning(message: str, command: str) -> Finding:
    return Finding("warning", message, command)


def error(message: str, command: str) -> Finding:
    return Finding("error", message, command)
