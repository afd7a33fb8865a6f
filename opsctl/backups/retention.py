"""Which backups go when a new one has proven good."""

from collections.abc import Sequence

from opsctl.backups.catalogue import Entry


def to_delete(newest_first: Sequence[Entry], keep: int, *, coming: int = 0) -> tuple[str, ...]:
    """Those beyond the newest `keep` good ones; a damaged one does not count, and the last good one never goes.

    `coming` counts good ones that are about to be taken. A damaged backup goes with the good ones of its age: until
    then it is evidence.
    """
    good = coming
    for position, entry in enumerate(newest_first):
        if good >= max(1, keep):
            return tuple(older.id for older in newest_first[position:])
        good += entry.cause is None
    return ()
