"""Lines of a log, whatever bytes it holds."""

import os
from datetime import datetime

import pytest

from opsctl.logs.lines import BLOCK, KST, LONGEST_LINE, Parser, Raw, Splitter, from_end, newest_first, record

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=KST)


def stamped(second: int, text: str = "text", level: str = "INFO") -> bytes:
    return f"2026-11-23 10:03:{second:02},123 - app.bot.sender - {level} - {text}".encode()


@pytest.fixture
def backwards(tmp_path):
    """Read bytes from their end; gives the kept part of each line."""

    def read(content: bytes) -> list[Raw]:
        file = tmp_path / "x.log"
        file.write_bytes(content)
        descriptor = os.open(file, os.O_RDONLY)
        try:
            return list(from_end(descriptor, len(content)))
        finally:
            os.close(descriptor)

    return read


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"a",
        b"a\n",
        b"a\nb",
        b"\n\na\n\nb\n\n",
        b"x" * BLOCK + b"\n" + b"y" * BLOCK,
        b"\n".join(b"%d" % number for number in range(40_000)),
        "한글\n로그\n".encode() * 9000,
    ],
)
def test_reading_from_the_end_finds_the_lines_that_reading_from_the_start_finds(content, backwards):
    splitter = Splitter()

    forwards = [raw for start in range(0, len(content), 1000) for raw in splitter.feed(content[start : start + 1000])]
    forwards += splitter.flush()

    assert backwards(content) == forwards[::-1]
    assert [raw.kept[:LONGEST_LINE] for raw in forwards] == [line[:LONGEST_LINE] for line in content.splitlines()]


def test_a_huge_line_is_shortened_and_says_by_how_much(backwards):
    splitter = Splitter()
    content = stamped(1) + b"x" * 3_000_000 + b"\n"

    forwards = list(splitter.feed(content))

    assert forwards == backwards(content)
    assert len(forwards[0].kept) == LONGEST_LINE
    assert forwards[0].dropped == len(content) - 1 - LONGEST_LINE
    assert Parser("bot", NOON).parse(forwards[0]).text.endswith(f"({forwards[0].dropped} bytes more)")


def test_a_line_has_its_time_in_korea_its_logger_and_its_level():
    line = Parser("bot", NOON).parse(Raw(stamped(2, "보냈다 - ok", "ERROR")))

    assert line.moment.isoformat() == "2026-11-23T10:03:02.123000+09:00"
    assert (line.logger, line.level, line.text) == ("app.bot.sender", "ERROR", "보냈다 - ok")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Traceback (most recent call last):",
        "2026-02-31 10:03:02,123 - app - INFO - a day that is not there",
        "2026-11-23 10:03:02,123 - app - LOUD - a level that is not there",
        "ERROR 2026-11-23 10:03:02,123 - app - INFO - not at the beginning",
    ],
)
def test_what_does_not_begin_like_a_record_is_none(text):
    assert record(text) is None


def test_a_line_without_a_stamp_belongs_to_the_record_above_it_in_both_directions():
    raw = [Raw(stamped(1, "boom", "ERROR")), Raw(b"Traceback"), Raw(b"  line 3"), Raw(stamped(2, "fine"))]
    parser = Parser("api", NOON)

    forwards = [parser.parse(one) for one in raw]

    assert [(line.level, line.moment.second) for line in forwards] == [("ERROR", 1)] * 3 + [("INFO", 2)]
    assert list(newest_first("api", raw[::-1], NOON)) == forwards[::-1]


def test_bytes_that_are_no_text_are_shown_as_such():
    line = Parser("api", NOON).parse(Raw(b"\x00\xff\xfe \xb0\xa1"))

    assert "�" in line.text
