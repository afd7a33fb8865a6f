from datetime import UTC, datetime

import pytest

from opsctl.backups import names

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def test_name_is_the_moment_and_a_number():
    assert names.next_name([], NOON) == "20261123T120000Z-0001"


def test_two_in_one_second_differ_and_keep_their_order():
    first = names.next_name([], NOON)
    second = names.next_name([first], NOON)

    assert second == "20261123T120000Z-0002"


def test_clock_that_was_set_back_does_not_make_a_new_backup_an_old_one():
    before = ["20261123T120000Z-0009", "20361123T120000Z-0003"]

    assert names.number_of(names.next_name(before, datetime(2020, 1, 1, tzinfo=UTC))) == 10


def test_number_may_grow_beyond_four_digits():
    assert names.is_name(names.next_name(["20261123T120000Z-9999"], NOON))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "latest",
        "..",
        "20261123T120000Z",
        "20261123T120000Z-1",
        "20261123T120000Z-0001\n",
        "x/20261123T120000Z-0001",
    ],
)
def test_what_is_not_a_name(text):
    assert not names.is_name(text)
