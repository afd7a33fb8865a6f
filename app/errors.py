"""Failures whose text may be shown to the user."""


class AppError(Exception):
    """The request cannot be done as asked; the text says why, without SQL, paths or secrets."""

    status_code = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


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
