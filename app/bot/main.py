"""The bot's process: one Bot, one event loop, one pacer for everything that leaves."""

import asyncio
import logging

from telegram import Bot
from telegram.request import HTTPXRequest

from app import logs
from app.bot.answering import Answering
from app.bot.poller import Poller
from app.bot.pulse import beat, beat_disabled
from app.bot.sender import WORKERS, Sender
from app.settings import Settings, load_settings

CONNECT_S = 10.0
SEND_S = 20.0  # Telegram may take long and deliver nevertheless; giving up early makes copies
POOL_S = 30.0

# It logs a traceback for every error page of a proxy; the carrier tells the same in one line.
logging.getLogger("telegram.request.BaseRequest").setLevel(logging.CRITICAL)


class QuietBot(Bot):
    """The library's own repr shows the token."""

    def __repr__(self) -> str:
        return "Bot"


async def run(stop: asyncio.Event) -> None:
    """Until `stop` is set. Without a token it only says so."""
    settings = load_settings()
    token = settings.telegram_bot_token.get_secret_value()
    if not token:
        await beat_disabled(settings.heartbeat_dir, stop)
        return
    sending = HTTPXRequest(
        connection_pool_size=2 * WORKERS,
        connect_timeout=CONNECT_S,
        read_timeout=SEND_S,
        write_timeout=SEND_S,
        pool_timeout=POOL_S,
    )
    polling = HTTPXRequest(
        connection_pool_size=2, connect_timeout=CONNECT_S, read_timeout=CONNECT_S, pool_timeout=POOL_S
    )
    bot = QuietBot(token, base_url=f"{settings.telegram_api_url}/bot", request=sending, get_updates_request=polling)
    # Not Bot.initialize(): it fails when Telegram is away, and with a wrong token its exception quotes it.
    await sending.initialize()
    await polling.initialize()
    try:
        await _live(bot, settings, stop)
    finally:
        await sending.shutdown()
        await polling.shutdown()


async def _live(bot: Bot, settings: Settings, stop: asyncio.Event) -> None:
    redact = logs.redactor(settings.secrets())
    sender = Sender(bot, redact=redact)
    answering = Answering(bot_id=bot.token.partition(":")[0], admin_ids=settings.telegram_admin_ids)
    poller = Poller(bot, answering, redact=redact, on_reply=sender.wake)
    async with asyncio.TaskGroup() as group:
        group.create_task(sender.run(stop))
        group.create_task(poller.run(stop))
        group.create_task(beat(settings.heartbeat_dir, sender, poller, stop))
