"""Waiting that can be cut short."""

import asyncio


async def pause(seconds: float, *events: asyncio.Event) -> None:
    """Sleep until one of the events is set, at most `seconds`."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
