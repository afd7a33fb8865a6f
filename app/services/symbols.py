"""What can be watched: the list, and finding an entry by code or name."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.clients.provider import Listing
from app.errors import NotFound
from app.models import Symbol
from app.services.inserting import insert
from app.texts import en, ko

LONGEST_NAME, LONGEST_MARKET = 100, 20
# Codes of 2024 and later may hold letters, never I, O or U; the first place stays a digit.
CODE = re.compile(r"[0-9][0-9A-HJ-NP-TV-Z]{5}")


def list_symbols(session: Session, *, limit: int, offset: int) -> Sequence[Symbol]:
    return session.scalars(select(Symbol).order_by(Symbol.symbol).limit(limit).offset(offset)).all()


def list_codes(session: Session) -> Sequence[str]:
    return session.scalars(select(Symbol.symbol).order_by(Symbol.symbol)).all()


def search(session: Session, words: str, *, limit: int, offset: int = 0) -> Sequence[Symbol]:
    """Symbols whose code or name holds the words, whatever the case; `%` and `_` mean themselves."""
    found = or_(
        Symbol.symbol.icontains(words, autoescape=True),
        Symbol.name.icontains(words, autoescape=True),
    )
    return session.scalars(select(Symbol).where(found).order_by(Symbol.symbol).limit(limit).offset(offset)).all()


def get(session: Session, code: str) -> Symbol:
    """Raises NotFound."""
    symbol = session.get(Symbol, code.upper()) if CODE.fullmatch(code.upper()) else None
    if symbol is None:
        raise NotFound(ko.SYMBOL_NOT_FOUND, en.SYMBOL_NOT_FOUND)
    return symbol


def store(session: Session, listings: Iterable[Listing], now: datetime) -> int:
    """Insert or rename; nothing is removed, because a source may answer with half a list. How many were accepted."""
    rows = [asdict(listing) | {"updated_at": now} for listing in listings if _is_plausible(listing)]
    if rows:
        new = insert(session, Symbol)
        changed = {name: new.excluded[name] for name in ("name", "market", "updated_at")}
        session.execute(
            new.on_conflict_do_update(
                index_elements=["symbol"],
                set_=changed,
                where=or_(Symbol.name != new.excluded.name, Symbol.market.is_distinct_from(new.excluded.market)),
            ),
            rows,
        )
    return len(rows)


def _is_plausible(listing: Listing) -> bool:
    """One line the table cannot hold would fail the others."""
    return bool(
        CODE.fullmatch(listing.symbol)
        and 0 < len(listing.name) <= LONGEST_NAME
        and len(listing.market or "") <= LONGEST_MARKET
    )
