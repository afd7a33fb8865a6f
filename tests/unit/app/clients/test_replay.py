from datetime import UTC, date, datetime, timedelta

import pytest

from app.clients.provider import Listing, Price, ProviderError
from app.clients.replay import Replay
from app.services.symbols import CODE
from app.settings import SHIPPED_MARKET

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@pytest.fixture
def market(tmp_path):
    (tmp_path / "symbols.csv").write_text("symbol,name,market,base_price\n0126Z0,삼성에피스홀딩스,,400000\n")
    (tmp_path / "prices.csv").write_text(
        "tick,symbol,price,halted\n0,0126Z0,401000,no\n3,0126Z0,402000,yes\n1,005930,1,no\n"
    )
    (tmp_path / "candles.csv").write_text("symbol,date,open,high,low,close,volume\n0126Z0,2026-11-20,1,3,1,2,9\n")
    return tmp_path


def price_after(market, seconds):
    now = START + timedelta(seconds=seconds)
    (price,) = Replay(market, 5, START).prices(["0126Z0"], now)
    return price.price, price.halted


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-1, (401000, False)),
        (0, (401000, False)),
        (14.9, (401000, False)),
        (15, (402000, True)),
        (10**9, (402000, True)),
    ],
)
def test_tick_lasts_its_step_and_the_last_one_holds(market, seconds, expected):
    assert price_after(market, seconds) == expected


def test_price_is_of_now_and_knows_what_change_is_counted_from(market):
    assert Replay(market, 5, START).prices(["0126Z0"], START) == [Price("0126Z0", 401000, 400000, START, halted=False)]


def test_symbol_without_a_price_yet_is_left_out(market):
    assert Replay(market, 5, START).prices(["005930", "999999"], START) == []


def test_listing_may_have_no_market(market):
    assert Replay(market, 5, START).listings() == [Listing("0126Z0", "삼성에피스홀딩스", None)]


def test_file_saved_by_a_spreadsheet_is_read(market):
    text = "\ufeffsymbol,name,market,base_price\r\n005930,삼성전자,KOSPI,1\r\n"
    (market / "symbols.csv").write_bytes(text.encode())

    assert Replay(market, 5, START).listings() == [Listing("005930", "삼성전자", "KOSPI")]


@pytest.mark.parametrize(
    "content",
    [
        b"tick,symbol,price,halted\n0,0126Z0,many,no\n",
        b"tick,symbol,price,halted\n0,0126Z0,NaN,no\n",
        b"tick,symbol,price,halted\n0,0126Z0\n",
        b"tick,symbol,price\n0,0126Z0,1\n",
        b"tick,symbol,price,halted\n0,0126Z0,1,perhaps\n",
        b"tick,symbol,price,halted\n0,0126Z0,1,n\xff\n",
        b"<html>\n<p>\n",
    ],
)
def test_file_of_another_shape_is_an_error_that_names_it(market, content):
    (market / "prices.csv").write_bytes(content)

    with pytest.raises(ProviderError, match=r"prices\.csv"):
        Replay(market, 5, START).prices(["0126Z0"], START)


def test_missing_file_is_an_error_that_names_it(market):
    (market / "candles.csv").unlink()

    with pytest.raises(ProviderError, match=r"no candles\.csv"):
        Replay(market, 5, START).candles(["0126Z0"], START)


def test_candles_of_days_to_come_are_held_back(market):
    replay = Replay(market, 5, START)

    assert [candle.date for candle in replay.candles(["0126Z0"], START)] == [date(2026, 11, 20)]
    assert replay.candles(["0126Z0"], START - timedelta(days=4)) == []


def test_shipped_market_holds_what_the_first_day_needs():
    replay = Replay(SHIPPED_MARKET, 5, START)
    names = {listing.symbol: listing.name for listing in replay.listings()}
    path = [replay.prices(["005930"], START + timedelta(seconds=5 * tick))[0].price for tick in range(40)]

    assert {"005930", "000660", "035720", "247540", "0126Z0"} <= set(names)
    assert all(CODE.fullmatch(code) for code in names)
    assert (names["005930"], names["0126Z0"]) == ("삼성전자", "삼성에피스홀딩스")
    assert path[0] < 90_000
    assert all(price >= 90_000 for price in path[6:])
    assert len(replay.candles(list(names), START)) >= 20 * len(names)
