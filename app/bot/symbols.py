"""Finding the one symbol a caller means."""

from typing import Any

from sqlalchemy.orm import Session

from app.bot.rendering import escape
from app.errors import NotFound
from app.models import Symbol
from app.services import symbols

MOST_SHOWN = 10


def find_symbol(session: Session, wanted: str, words: Any) -> Symbol:
    """By code or name. Raises NotFound, whose text lists the candidates when there are several."""
    code = wanted.upper()
    if symbols.CODE.fullmatch(code) and (known := session.get(Symbol, code)):
        return known
    found = symbols.search(session, wanted, limit=MOST_SHOWN) if wanted else []
    exact = [symbol for symbol in found if symbol.name.casefold() == wanted.casefold()]
    if len(exact) == 1 or len(found) == 1:
        return (exact or list(found))[0]
    if not found:
        raise NotFound(words.BOT_NO_SYMBOL.format(words=escape(wanted[:50])))
    lines = [f"{escape(symbol.name)} (<code>{symbol.symbol}</code>)" for symbol in found]
    raise NotFound("\n".join([words.BOT_SEVERAL_SYMBOLS, *lines]))
