"""/alert and its older names: setting, listing and removing price alerts."""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from app.bot.rendering import escape, moment
from app.bot.replies import Asked, Reply
from app.bot.symbols import find_symbol
from app.errors import AppError
from app.models import Alert, Symbol
from app.services import alerts, outbox
from app.services.quotes import HIGHEST_PRICE

MOST_LISTED = 30
MOST_BUTTONS = 10
CONDITIONS = {
    **dict.fromkeys(("이상", "gte", ">=", "above", "up"), "gte"),
    **dict.fromkeys(("이하", "lte", "<=", "below", "down"), "lte"),
}
_PRICE = re.compile(r"-?[0-9][0-9,]*")
_GLUED = re.compile(r"([0-9][0-9,]*)원?(이상|이하)")


def alert(session: Session, asked: Asked) -> Reply:
    """Alone it lists; `list`, `remove N` and `add …` are words people know from before."""
    match asked.call.words:
        case () | ("list" | "목록",):
            return list_alerts(session, asked)
        case ("remove" | "delete" | "삭제", *rest):
            return _remove(session, asked, rest)
        case ("add" | "추가", *rest):
            return _add(session, asked, rest)
    return _add(session, asked, asked.call.words)


def add_alert(session: Session, asked: Asked) -> Reply:
    return _add(session, asked, asked.call.words)


def list_alerts(session: Session, asked: Asked) -> Reply:
    mine = alerts.list_alerts(session, asked.user.id, limit=MOST_LISTED)
    if not mine:
        return Reply(asked.words.BOT_ALERTS_NONE)
    deliveries = outbox.statuses(session, [_message_key(alert) for alert in mine if alert.firings])
    names = {symbol: session.get_one(Symbol, symbol).name for symbol in {alert.symbol for alert in mine}}
    lines = [_line(alert, names[alert.symbol], deliveries.get(_message_key(alert)), asked.words) for alert in mine]
    waiting = [alert.id for alert in mine if alert.is_active][:MOST_BUTTONS]
    buttons = tuple(((asked.words.BOT_ALERT_REMOVE_BUTTON.format(id=id_), f"alert_remove {id_}"),) for id_ in waiting)
    return Reply("\n".join([asked.words.BOT_ALERTS_TITLE, *lines, asked.words.BOT_ALERTS_HINT]), buttons)


def remove_alert(session: Session, asked: Asked) -> Reply:
    return _remove(session, asked, asked.call.words)


def read_alert(given: Sequence[str], words: Any) -> tuple[str, int, str]:
    """What is wanted (code or name), the price in won, gte or lte. Raises AppError."""
    parts = list(given)
    if parts and (glued := _GLUED.fullmatch(parts[-1])):
        parts[-1:] = glued.groups()
    if len(parts) < 3:
        raise AppError(words.BOT_ALERT_USAGE)
    *name, price, condition = parts
    price = price.removesuffix("원")
    if condition.lower() not in CONDITIONS or not _PRICE.fullmatch(price):
        raise AppError(words.BOT_ALERT_BAD_INPUT)
    target_price = int(price.replace(",", ""))
    if not 0 < target_price <= HIGHEST_PRICE:
        raise AppError(words.BOT_ALERT_BAD_PRICE.format(highest=HIGHEST_PRICE))
    return " ".join(name), target_price, CONDITIONS[condition.lower()]


def _add(session: Session, asked: Asked, given: Sequence[str]) -> Reply:
    wanted, target_price, condition = read_alert(given, asked.words)
    symbol = find_symbol(session, wanted, asked.words)
    alerts.add_alert(session, asked.user.id, symbol.symbol, condition, target_price, asked.now)
    text = asked.words.BOT_ALERT_SET.format(
        name=escape(symbol.name),
        symbol=symbol.symbol,
        target_price=target_price,
        condition=asked.words.CONDITIONS[condition],
    )
    return Reply(text)


def _remove(session: Session, asked: Asked, given: Sequence[str]) -> Reply:
    if len(given) != 1 or not re.fullmatch(r"[0-9]{1,9}", given[0]):
        raise AppError(asked.words.BOT_ALERT_REMOVE_USAGE)
    alerts.delete_alert(session, asked.user.id, int(given[0]))
    return Reply(asked.words.BOT_ALERT_REMOVED.format(id=int(given[0])))


def _line(alert: Alert, name: str, delivery: str | None, words: Any) -> str:
    state = words.BOT_ALERT_WAITING if alert.is_active else words.BOT_ALERT_OFF
    if not alert.is_active and alert.fired_at and delivery:
        state = words.BOT_ALERT_FIRED.format(moment=moment(alert.fired_at), delivery=words.BOT_DELIVERY[delivery])
    text: str = words.BOT_ALERTS_LINE.format(
        id=alert.id,
        name=escape(name),
        symbol=alert.symbol,
        target_price=alert.target_price,
        condition=words.CONDITIONS[alert.condition],
        state=state,
    )
    return text


def _message_key(alert: Alert) -> str:
    return f"alert:{alert.id}:{alert.firings}"
