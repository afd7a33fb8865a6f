from pathlib import Path

import pytest

from opsctl.backups.catalogue import Entry
from opsctl.backups.retention import to_delete


def entries(states):
    """One backup for each letter, the newest first: g good, b bad."""
    return [
        Entry(f"{n}{state}", Path(), None, None if state == "g" else "backup.corrupt") for n, state in enumerate(states)
    ]


@pytest.mark.parametrize(
    ("states", "keep", "going"),
    [
        ("ggg", 5, ()),
        ("ggg", 2, ("2g",)),
        ("ggg", 0, ("1g", "2g")),  # the last good one never goes
        ("bbg", 1, ()),
        ("bgbg", 1, ("2b", "3g")),
        ("bbb", 1, ()),  # there is nothing good to fall back to
        ("", 3, ()),
    ],
)
def test_newest_good_ones_stay(states, keep, going):
    assert to_delete(entries(states), keep) == going


def test_one_that_is_about_to_be_taken_counts():
    assert to_delete(entries("ggg"), 3, coming=1) == ("2g",)
    assert to_delete(entries("gg"), 1, coming=1) == ("0g", "1g")
