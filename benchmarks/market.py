"""An invented Korean market and its people: rows for the service's own tables, the same for the same seed."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

Row = tuple[str | int | None, ...]

FIRST_DAY = date(2022, 1, 3)
OPENING = datetime(2022, 1, 3, tzinfo=UTC)
SPAN_S = 86_400 * 1_400
SURNAMES = "김이박최정강조윤장임한오서신권황안송류전홍"
GIVEN = "민서준하윤우진지은현수영재호빈연아채원도율시온유나라경태성혜린"
BUSINESS = ["전자", "화학", "바이오", "물산", "건설", "제약", "금융", "에너지", "반도체", "통신"]
PLACES = ["한빛", "대양", "누리", "새롬", "미래", "청솔", "가온", "동해", "백두", "남산", "으뜸", "다온"]
REASONS = ["chat not found", "bot was blocked by the user", "user is deactivated"]
WON_PER_TICK = 10


@dataclass(frozen=True)
class Volumes:
    """How many rows each table gets; symbols stay the same, whatever the scale."""

    users: int = 40_000
    symbols: int = 2_500
    days: int = 200
    alerts: int = 160_000
    trades: int = 120_000
    watched_per_user: int = 2
    messages: int = 200_000

    def scaled(self, scale: float) -> "Volumes":
        def times(count: int) -> int:
            return max(1, round(count * scale))

        return Volumes(
            users=times(self.users),
            symbols=self.symbols if scale >= 0.1 else 100,
            days=times(self.days),
            alerts=times(self.alerts),
            trades=times(self.trades),
            messages=times(self.messages),
        )


@dataclass(frozen=True)
class Market:
    """Row streams, one method per table, each with a generator of its own: tables can be made in any order."""

    volumes: Volumes
    seed: str
    first_id: int = 1

    @property
    def tables(self) -> tuple[str, ...]:
        """In the order of their foreign keys."""
        return (
            "symbols",
            "app_users",
            "quotes",
            "daily_prices",
            "price_alerts",
            "watchlist",
            "simulated_trades",
            "outbox",
        )

    def columns(self, table: str) -> tuple[str, ...]:
        return COLUMNS[table]

    def rows(self, table: str) -> Iterator[Row]:
        rows: Iterator[Row] = getattr(self, table)(random.Random(f"{self.seed}-{table}"))
        return rows

    def symbols(self, chance: random.Random) -> Iterator[Row]:
        for number in range(self.volumes.symbols):
            yield code(number), self.company(number), chance.choice(("KOSPI", "KOSPI", "KOSDAQ")), moment(chance)

    def app_users(self, chance: random.Random) -> Iterator[Row]:
        for number in range(self.volumes.users):
            made = moment(chance)
            in_chat = chance.random() < 0.6
            yield (
                self.first_id + number,
                f"trader_{self.first_id + number}",
                f"trader{self.first_id + number}@example.com",
                f"$argon2id$v=19$m=19456,t=2,p=1${chance.randbytes(16).hex()}${chance.randbytes(32).hex()}",
                chance.choice(SURNAMES) + "".join(chance.choices(GIVEN, k=2)),
                "admin" if chance.random() < 0.001 else "user",
                chance.random() < 0.95,
                chance.randrange(3),
                7_000_000_000 + self.first_id + number if in_chat else None,
                chance.random() < 0.9,
                "ko" if chance.random() < 0.97 else "en",
                made,
                made,
            )

    def quotes(self, chance: random.Random) -> Iterator[Row]:
        for number in range(self.volumes.symbols):
            base, seen = self.price(number), moment(chance)
            yield code(number), to_tick(base * chance.uniform(0.9, 1.1)), base, seen, seen, seen, False

    def daily_prices(self, chance: random.Random) -> Iterator[Row]:
        days = [day.isoformat() for day in trading_days(self.volumes.days)]
        gauss, uniform, row = chance.gauss, chance.random, self.first_id
        for number in range(self.volumes.symbols):
            symbol, close = code(number), self.price(number)
            for day in days:
                opened = to_tick(close * (1 + gauss(0, 0.006)))
                close = to_tick(opened * (1 + gauss(0, 0.02)))
                high = to_tick(max(opened, close) * (1 + uniform() * 0.015))
                low = min(opened, close, to_tick(min(opened, close) * (1 - uniform() * 0.015)))
                yield row, symbol, day, opened, max(high, opened, close), low, close, int(10 ** (3 + uniform() * 4))
                row += 1

    def price_alerts(self, chance: random.Random) -> Iterator[Row]:
        for row in range(self.volumes.alerts):
            number, made, fired = chance.randrange(self.volumes.symbols), moment(chance), chance.random() < 0.6
            target = to_tick(self.price(number) * chance.uniform(0.7, 1.4))
            yield (
                self.first_id + row,
                self.someone(chance),
                code(number),
                "gte" if chance.random() < 0.6 else "lte",
                target,
                not fired,
                int(fired),
                moment(chance) if fired else None,
                target + WON_PER_TICK * chance.randrange(5) if fired else None,
                made,
                made,
            )

    def watchlist(self, chance: random.Random) -> Iterator[Row]:
        for user in range(self.volumes.users):
            for number in chance.sample(range(self.volumes.symbols), self.volumes.watched_per_user):
                yield self.first_id + user, code(number), moment(chance)

    def simulated_trades(self, chance: random.Random) -> Iterator[Row]:
        held: dict[tuple[int, int], tuple[int, int]] = {}
        for row in range(self.volumes.trades):
            user, number = self.someone(chance), chance.randrange(12)  # few symbols each, so that some are sold again
            quantity, cost = held.get((user, number), (0, 0))
            price = to_tick(self.price(number) * chance.uniform(0.7, 1.4))
            if quantity and chance.random() < 0.6:
                sold = chance.randrange(1, quantity + 1)
                basis = cost * sold // quantity
                after = (quantity - sold, cost - basis)
                trade: Row = ("sell", price, sold, moment(chance), sold * price - basis, basis)
            else:
                bought = chance.randrange(1, 500)
                after = (quantity + bought, cost + bought * price)
                trade = ("buy", price, bought, moment(chance), None, None)
            held[user, number] = after
            yield self.first_id + row, user, code(number), *trade, *after

    def outbox(self, chance: random.Random) -> Iterator[Row]:
        """Nothing in it waits to be sent: a bot that runs on this data must stay silent."""
        for row in range(self.volumes.messages):
            number, user, made = chance.randrange(self.volumes.symbols), self.someone(chance), moment(chance)
            price = to_tick(self.price(number) * chance.uniform(0.7, 1.4))
            facts = {
                "symbol": code(number),
                "name": self.company(number),
                "price": price,
                "target_price": to_tick(price * chance.uniform(0.95, 1.05)),
                "text": f"🔔 {self.company(number)}({code(number)}) 현재가 {price:,}원이 목표가에 도달했습니다.",
            }
            sent = chance.random() < 0.95
            yield (
                self.first_id + row,
                f"dataset:{self.first_id + row}",
                user,
                7_000_000_000 + user,
                "alert_reached",
                json.dumps(facts, ensure_ascii=False),
                10,
                "sent" if sent else "dead",
                1 if sent else chance.randrange(1, 6),
                0,
                self.first_id + row if sent else None,
                None if sent else chance.choice(REASONS),
                made,
                made if sent else None,
            )

    def company(self, number: int) -> str:
        place, business = PLACES[number % len(PLACES)], BUSINESS[number // len(PLACES) % len(BUSINESS)]
        return f"{place}{business}{number // (len(PLACES) * len(BUSINESS)) or ''}"

    def price(self, number: int) -> int:
        """What the symbol cost on the first day, in won."""
        return to_tick(1_000 * 1.6 ** (number * 7 % 13))

    def someone(self, chance: random.Random) -> int:
        return self.first_id + chance.randrange(self.volumes.users)


COLUMNS = {
    "symbols": ("symbol", "name", "market", "updated_at"),
    "app_users": (
        "id",
        "username",
        "email",
        "password_hash",
        "display_name",
        "role",
        "is_active",
        "token_version",
        "telegram_chat_id",
        "wants_messages",
        "language",
        "created_at",
        "updated_at",
    ),
    "quotes": ("symbol", "price", "base_price", "traded_at", "received_at", "fresh_until", "halted"),
    "daily_prices": ("id", "symbol", "date", "open", "high", "low", "close", "volume"),
    "price_alerts": (
        "id",
        "user_id",
        "symbol",
        "condition",
        "target_price",
        "is_active",
        "firings",
        "fired_at",
        "fired_price",
        "created_at",
        "updated_at",
    ),
    "watchlist": ("user_id", "symbol", "created_at"),
    "simulated_trades": (
        "id",
        "user_id",
        "symbol",
        "trade_type",
        "price",
        "quantity",
        "traded_at",
        "profit_loss",
        "cost_of_sale",
        "position_quantity",
        "position_cost",
    ),
    "outbox": (
        "id",
        "dedup_key",
        "user_id",
        "chat_id",
        "kind",
        "payload",
        "priority",
        "status",
        "attempts",
        "ambiguous_attempts",
        "message_id",
        "last_error",
        "created_at",
        "sent_at",
    ),
}


def code(number: int) -> str:
    """Six digits from 900000 on, which no listed company uses: the data can join a recorded market."""
    return f"{900_000 + number * 10:06d}"


def to_tick(won: float) -> int:
    return max(WON_PER_TICK, int(won) // WON_PER_TICK * WON_PER_TICK)


def moment(chance: random.Random) -> str:
    """A moment in UTC in the form that both databases read."""
    at = OPENING + timedelta(seconds=chance.randrange(SPAN_S), microseconds=chance.randrange(1_000_000))
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")


def trading_days(count: int) -> Iterator[date]:
    day = FIRST_DAY
    while count:
        if day.weekday() < 5:
            yield day
            count -= 1
        day += timedelta(days=1)
