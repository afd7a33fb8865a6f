"""What can be watched, and its price. Open to everybody."""

from collections.abc import Sequence

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from app.api.dependencies import Transaction
from app.api.fields import PAGE, Limit, Offset, SymbolCode, Words
from app.models import Symbol
from app.services import quotes, symbols

router = APIRouter(prefix="/symbols", tags=["symbols"])


class SymbolRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    symbol: str
    name: str
    market: str | None


class CurrentPrice(BaseModel):
    """Won and percent; null until a price was received."""

    current_price: int | None = None
    change: int | None = None
    change_rate: float | None = None


@router.get("/", response_model=list[SymbolRead])
def list_symbols(session: Transaction, limit: Limit = PAGE, offset: Offset = 0) -> Sequence[Symbol]:
    return symbols.list_symbols(session, limit=limit, offset=offset)


@router.get("/search", response_model=list[SymbolRead])
def search(query: Words, session: Transaction, limit: Limit = PAGE, offset: Offset = 0) -> Sequence[Symbol]:
    return symbols.search(session, query, limit=limit, offset=offset)


@router.get("/{symbol}", response_model=SymbolRead)
def get(symbol: SymbolCode, session: Transaction) -> Symbol:
    return symbols.get(session, symbol)


@router.get("/{symbol}/current_price_and_change")
def current_price(symbol: SymbolCode, session: Transaction) -> CurrentPrice:
    quote = quotes.get(session, symbols.get(session, symbol).symbol)
    if quote is None:
        return CurrentPrice()
    if not quote.base_price:
        return CurrentPrice(current_price=quote.price)
    change = quote.price - quote.base_price
    return CurrentPrice(current_price=quote.price, change=change, change_rate=round(100 * change / quote.base_price, 2))
