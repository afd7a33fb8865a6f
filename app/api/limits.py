"""What a request may cost before a route sees it: size and time of its body."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.texts import en

LARGEST_BODY_BYTES = 64 * 1024
SLOWEST_BODY_S = 10.0


class BodyLimits:
    """Raises HTTPException where the body is read: FastAPI answers 400 to any other kind there."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await self._app(scope, _Body(scope, receive).receive, send)


class _Body:
    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        self._read_bytes = 0
        self._is_complete = False
        self._deadline = asyncio.get_running_loop().time() + SLOWEST_BODY_S
        lengths = [value for name, value in scope["headers"] if name == b"content-length"]
        self._announced = int(lengths[0]) if lengths and lengths[0].isdigit() else 0

    async def receive(self) -> Message:
        if self._is_complete:  # now it waits for the client to go away, which may take as long as the answer
            return await self._receive()
        if self._announced > LARGEST_BODY_BYTES:
            raise HTTPException(413, en.TOO_LARGE)
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, en.TOO_SLOW) from None
        self._read_bytes += len(message.get("body", b""))
        if self._read_bytes > LARGEST_BODY_BYTES:
            raise HTTPException(413, en.TOO_LARGE)
        self._is_complete = not message.get("more_body", False)
        return message
