"""The failures opsctl expects. Each kind has its own exit code, each failure its own cause."""

import errno


class OpsctlError(Exception):
    """The operation was tried and failed.

    `cause` is a stable dotted name that scripts may rely on (`backup.corrupt`); the message is one
    line for people; `hint` is the next thing to type.
    """

    exit_code = 1

    def __init__(self, message: str, *, cause: str, hint: str = "") -> None:
        super().__init__(message)
        self.cause = cause
        self.hint = hint


class ProblemsFound(OpsctlError):
    """The check ran to its end and found problems."""

    exit_code = 3


class Refused(OpsctlError):
    """Nothing was changed: going on would have been unsafe."""

    exit_code = 4


class NotReady(OpsctlError):
    """Nothing was changed: a program, a container or a setting is missing."""

    exit_code = 5


class Busy(OpsctlError):
    """Nothing was changed: another opsctl is at work."""

    exit_code = 6


_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_OF_THE_MACHINE = (*_FULL, *_FORBIDDEN, errno.EIO, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.ENOMEM)


def of_the_machine(error: OSError) -> OpsctlError | None:
    """The failure behind an error that a full disk or a forbidden file explains; None when it must be a bug."""
    if error.errno not in _OF_THE_MACHINE:
        return None
    message = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
    if error.errno in _FULL:
        return OpsctlError(message, cause="disk.full", hint="df -h")
    if error.errno in _FORBIDDEN and error.filename:
        return OpsctlError(message, cause="file.forbidden", hint=f"ls -ld {error.filename}")
    return OpsctlError(message, cause="machine.refused", hint="opsctl doctor")


class Terminated(BaseException):
    """A signal other than Ctrl-C asked us to stop; like KeyboardInterrupt, no `except Exception` may eat it."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.exit_code = 128 + signal_number
