"""What a source of market data must offer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol


class ProviderError(Exception):
    """The source did not answer, or not in a shape we trust; what is stored stays as it is."""


@dataclass(frozen=True)
class Listing:
    symbol: str
    name: str
    market: str | None


@dataclass(frozen=True)
class Price:
    """In won. `base_price` is what today's change is counted from."""

    symbol: str
    price: int
    base_price: int | None
    traded_at: datetime
    halted: bool


@dataclass(frozen=True)
class Candle:
    """One trading day in Korea; prices in won, volume in shares."""

    symbol: str
    date: date
    open: int
    high: int
    low: int
    close: int
    volume: int


class Provider(Protocol):
    """Every method may be slow and raises ProviderError: never call one inside a transaction."""

    def listings(self) -> Sequence[Listing]: ...

    def prices(self, symbols: Sequence[str], now: datetime) -> Sequence[Price]: ...

    def candles(self, symbols: Sequence[str], now: datetime) -> Sequence[Candle]: ...
