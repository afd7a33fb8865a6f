"""The tables, one file each."""

from app.models.alert import Alert
from app.models.bot_state import BotState
from app.models.daily_price import DailyPrice
from app.models.heartbeat import Heartbeat
from app.models.job import JobRequest, JobRun
from app.models.message import Message
from app.models.quote import Quote
from app.models.symbol import Symbol
from app.models.table import Table
from app.models.telegram_link import TelegramLink
from app.models.trade import Trade
from app.models.user import User
from app.models.watchlist import WatchedSymbol

__all__ = [
    "Alert",
    "BotState",
    "DailyPrice",
    "Heartbeat",
    "JobRequest",
    "JobRun",
    "Message",
    "Quote",
    "Symbol",
    "Table",
    "TelegramLink",
    "Trade",
    "User",
    "WatchedSymbol",
]
