"""Failures become answers: always {"detail": …}, never SQL, paths, secrets or what the client sent."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.errors import AppError, TooManyRequests
from app.texts import en

RETRY_AFTER_S = 5

log = logging.getLogger(__name__)

Handler = Callable[[Request, Any], Awaitable[JSONResponse]]


def register(app: FastAPI) -> None:
    handlers: dict[type[Exception], Handler] = {
        AppError: _refused,
        RequestValidationError: _invalid,
        OperationalError: _unavailable,
        InterfaceError: _unavailable,
        PoolTimeout: _unavailable,
        DBAPIError: _database_failed,
        Exception: _bug,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


async def _refused(_request: Request, error: AppError) -> JSONResponse:
    headers = {}
    if error.status_code == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooManyRequests):
        headers["Retry-After"] = str(error.retry_after_s)
    return JSONResponse({"detail": error.message}, error.status_code, headers)


async def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
    """Without `input` and `ctx`, which repeat what was sent: it may be a password."""
    problems = [
        {
            "type": problem["type"],
            "loc": [_printable(part) for part in problem["loc"]],
            "msg": _printable(problem["msg"]),
        }
        for problem in error.errors()
    ]
    return JSONResponse({"detail": problems}, 422)


async def _unavailable(_request: Request, error: Exception) -> JSONResponse:
    log.warning("the database does not answer: %s", _cause(error))
    return JSONResponse({"detail": en.UNAVAILABLE}, 503, {"Retry-After": str(RETRY_AFTER_S)})


async def _database_failed(request: Request, error: DBAPIError) -> JSONResponse:
    """A connection that broke half-way may come as any kind of error; the rest are bugs."""
    if error.connection_invalidated:
        return await _unavailable(request, error)
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return await _bug(request, error)


async def _bug(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse({"detail": en.BUG}, 500)


def _printable(value: object) -> object:
    """Half surrogates are valid in JSON's escapes and cannot be sent back."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def _cause(error: Exception) -> str:
    original = getattr(error, "orig", None) or error
    return f"{type(original).__name__}: {str(original).splitlines()[0] if str(original) else ''}"
