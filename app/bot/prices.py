"""/price: what a symbol costs now, and how old that is."""

from typing import Any

from sqlalchemy.orm import Session

from app.bot.rendering import escape, moment
from app.bot.replies import Asked, Reply
from app.bot.symbols import find_symbol
from app.errors import AppError, NotFound
from app.models import Quote
from app.services import quotes


def price(session: Session, asked: Asked) -> Reply:
    if not asked.call.words:
        raise AppError(asked.words.BOT_PRICE_USAGE)
    symbol = find_symbol(session, " ".join(asked.call.words), asked.words)
    quote = quotes.get(session, symbol.symbol)
    named = {"name": escape(symbol.name), "symbol": symbol.symbol}
    if quote is None or quote.price <= 0:
        raise NotFound(asked.words.BOT_PRICE_NONE.format(**named))
    change = _change(quote, asked.words)
    text = asked.words.BOT_PRICE.format(**named, price=quote.price, change=change, moment=moment(quote.traded_at))
    warnings = []
    if quote.halted:
        warnings.append(asked.words.BOT_PRICE_HALTED)
    if quote.fresh_until <= asked.now:
        warnings.append(asked.words.BOT_PRICE_STALE)
    return Reply("\n".join([text, *warnings]))


def _change(quote: Quote, words: Any) -> str:
    if not quote.base_price:
        return ""
    difference = quote.price - quote.base_price
    text: str = words.BOT_PRICE_CHANGE.format(difference=difference, percent=100 * difference / quote.base_price)
    return text
