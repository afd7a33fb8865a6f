"""What the machine refuses is told in a line; anything else is a bug."""

import errno

import pytest

from opsctl.errors import of_the_machine


@pytest.mark.parametrize(
    ("error", "message", "cause", "hint"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device", "disk.full", "df -h"),
        (PermissionError(errno.EACCES, "Forbidden", "/a/b"), "/a/b: Forbidden", "file.forbidden", "ls -ld /a/b"),
        (OSError(errno.EIO, "Input/output error", "/a"), "/a: Input/output error", "machine.refused", "opsctl doctor"),
    ],
)  # fmt: skip
def test_machine_that_refuses_is_told_in_one_line(error, message, cause, hint):
    failure = of_the_machine(error)

    assert failure
    assert (str(failure), failure.cause, failure.hint) == (message, cause, hint)


def test_missing_file_that_nobody_expected_stays_a_bug():
    assert of_the_machine(FileNotFoundError(errno.ENOENT, "No such file or directory", "/a")) is None
