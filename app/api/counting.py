"""Counts the answers, for the line that says we are alive."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import alive


class CountedAnswers:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_and_count(message: Message) -> None:
            if message["type"] == "http.response.start":
                alive.count("requests answered" if message["status"] < 500 else "requests failed")
            await send(message)

        await self._app(scope, receive, send_and_count)
