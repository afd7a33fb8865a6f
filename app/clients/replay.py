"""A recorded market from a folder of CSV files; the shipped one is invented, small, and always the same."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar

from app.clients.provider import Candle, Listing, Price, ProviderError
from app.clock import in_korea

YES_NO = {"yes": True, "no": False, "": False}
Row = TypeVar("Row")


@dataclass(frozen=True)
class Tick:
    number: int
    symbol: str
    price: int
    halted: bool


class Replay:
    """Starts with tick 0, goes on one tick every `step_s` seconds, and holds the last one."""

    def __init__(self, folder: Path, step_s: float, started_at: datetime) -> None:
        self._folder = folder
        self._step_s = step_s
        self._started_at = started_at

    def listings(self) -> Sequence[Listing]:
        return self._read("symbols.csv", lambda row: Listing(row["symbol"], row["name"], row["market"] or None))

    def prices(self, symbols: Sequence[str], now: datetime) -> Sequence[Price]:
        reached = (now - self._started_at).total_seconds() // self._step_s
        ticks = self._read("prices.csv", _tick)
        latest = {tick.symbol: tick for tick in sorted(ticks, key=_number) if tick.number <= max(reached, 0)}
        base = dict(self._read("symbols.csv", lambda row: (row["symbol"], int(row["base_price"]))))
        return [
            Price(symbol, latest[symbol].price, base.get(symbol), traded_at=now, halted=latest[symbol].halted)
            for symbol in symbols
            if symbol in latest
        ]

    def candles(self, symbols: Sequence[str], now: datetime) -> Sequence[Candle]:
        wanted, today = set(symbols), in_korea(now).date()
        return [
            candle for candle in self._read("candles.csv", _candle) if candle.symbol in wanted and candle.date <= today
        ]

    def _read(self, name: str, build: Callable[[dict[str, str]], Row]) -> list[Row]:
        """Read again each time: whoever edits the market while it plays sees the change."""
        try:
            with (self._folder / name).open(encoding="utf-8-sig", newline="") as file:
                return list(_rows(name, csv.DictReader(file), build))
        except FileNotFoundError:
            raise ProviderError(f"the recorded market has no {name}") from None
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise ProviderError(f"{name} cannot be read: {type(error).__name__}") from None


def _rows(name: str, reader: "csv.DictReader[str]", build: Callable[[dict[str, str]], Row]) -> Iterator[Row]:
    for row in reader:
        try:
            yield build(row)
        except (KeyError, ValueError, TypeError, AttributeError):
            raise ProviderError(f"{name}, line {reader.line_num}: not what this file holds") from None


def _number(tick: Tick) -> int:
    return tick.number


def _tick(row: dict[str, str]) -> Tick:
    return Tick(int(row["tick"]), row["symbol"], int(row["price"]), YES_NO[row["halted"].lower()])


def _candle(row: dict[str, str]) -> Candle:
    amounts = {name: int(row[name]) for name in ("open", "high", "low", "close", "volume")}
    return Candle(symbol=row["symbol"], date=date.fromisoformat(row["date"]), **amounts)
