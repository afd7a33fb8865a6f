"""Failures whose text may be shown to the user."""


class AppError(Exception):
    """The request cannot be done as asked; the text says why, without SQL, paths or secrets.

    `message` is the contract's text, `english` what the bot says instead to those who chose English; `values` are
    filled into both.
    """

    status_code = 400

    def __init__(self, message: str, english: str | None = None, **values: object) -> None:
        self.message = message.format(**values) if values else message
        self.english = english.format(**values) if english and values else english or self.message
        super().__init__(self.message)


class NotAuthenticated(AppError):
    status_code = 401


class Forbidden(AppError):
    status_code = 403


class NotFound(AppError):
    status_code = 404


class Conflict(AppError):
    status_code = 409


class TooManyRequests(AppError):
    status_code = 429

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class NotReady(AppError):
    """The process cannot start: a setting, a port or the database is missing. Ends with `exit_code`."""

    status_code = 503
    exit_code = 5
