"""The HTTP door: the application, and serving it until asked to stop."""

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp

from app import clock, db
from app.api import alerts, failures, health, schedule, symbols, trades, users, watchlist
from app.api.counting import CountedAnswers
from app.api.headers import SecurityHeaders
from app.api.lame_duck import LameDuck
from app.api.limits import BodyLimits
from app.errors import NotReady
from app.services import heartbeats
from app.settings import Settings, load_settings

PART = "api"
ROUTERS = (health.router, users.router, alerts.router, trades.router, watchlist.router, symbols.router, schedule.router)
VERSIONED = "/api/v1"
BEAT_EVERY_S = 10.0
FINISH_REQUESTS_WITHIN_S = 4
KEEP_ALIVE_S = 65  # longer than the proxy's, so that we never close a connection it is about to use

log = logging.getLogger(__name__)


class Application(FastAPI):
    def build_middleware_stack(self) -> ASGIApp:
        """These two see every answer; what is added the usual way does not see the 500 of a bug."""
        return SecurityHeaders(CountedAnswers(super().build_middleware_stack()))


def create_app(settings: Settings, lame_duck: LameDuck | None = None) -> FastAPI:
    """Raises NotReady without a signing key. The interactive documentation is not served in production."""
    settings.require_jwt_key()
    closed = settings.is_production
    app = Application(
        title="Stock price alerts",
        docs_url=None if closed else "/docs",
        redoc_url=None,
        openapi_url=None if closed else "/openapi.json",
    )
    app.state.started_at = clock.now()
    app.state.lame_duck = lame_duck or LameDuck()
    for router in ROUTERS:
        app.include_router(router)
        app.include_router(router, prefix=VERSIONED, include_in_schema=False)
    failures.register(app)
    app.add_middleware(BodyLimits)
    return app


async def run(stop: asyncio.Event) -> None:
    """Serve until `stop`, then leave as a lame duck. Raises NotReady when the port is taken."""
    settings = load_settings()
    lame_duck = LameDuck()
    server = Server(_configuration(create_app(settings, lame_duck), settings))
    with _listening(settings) as listener:
        serving = asyncio.create_task(server.serve([listener]))
        beating = asyncio.create_task(_beat(settings, stop))
        log.info("listening on %s:%d", settings.api_host, listener.getsockname()[1])
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            lame_duck.is_leaving = True
            await asyncio.sleep(settings.lame_duck_seconds)
        server.should_exit = True
        await serving
        stopping.cancel()
        beating.cancel()


class Server(uvicorn.Server):
    """The process's signals are `run_parts`'s: a part must not end before the others know."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _configuration(app: FastAPI, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        lifespan="off",
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=FINISH_REQUESTS_WITHIN_S,
        h11_max_incomplete_event_size=16 * 1024,
        proxy_headers=bool(settings.forwarded_allow_ips),
        forwarded_allow_ips=settings.forwarded_allow_ips or None,
    )


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.api_host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.api_host, settings.api_port))
        except OSError as error:
            raise NotReady(f"API_PORT {settings.api_port} on {settings.api_host}: {error.strerror}") from None
        listener.listen(1024)
        listener.setblocking(False)
        yield listener


async def _beat(settings: Settings, stop: asyncio.Event) -> None:
    while not stop.is_set():
        if await asyncio.to_thread(_database_answers):
            heartbeats.touch(settings.heartbeat_dir, PART)
        await asyncio.sleep(BEAT_EVERY_S)


def _database_answers() -> bool:
    try:
        with db.transaction(read_only=True) as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True
