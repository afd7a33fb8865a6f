"""The failures opsctl expects. Each kind has its own exit code, each failure its own cause."""


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


class Terminated(BaseException):
    """A signal other than Ctrl-C asked us to stop; like KeyboardInterrupt, no `except Exception` may eat it."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.exit_code = 128 + signal_number
