"""Paper trading of the one who asks."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from app.api.answers import Answer
from app.api.dependencies import CurrentUser, Now, Transaction, own_id_in_body, own_id_in_path
from app.api.fields import PAGE, Identifier, IdInPath, Limit, Offset, Quantity, SymbolCode, Won
from app.models import Quote, Trade
from app.services import quotes, trades
from app.texts import ko

router = APIRouter(prefix="/trade", tags=["trade"])


class SimulatedTradeItem(BaseModel):
    user_id: Identifier | None = None
    symbol: SymbolCode
    trade_type: Literal["buy", "sell"]
    price: Won
    quantity: Quantity


class TradeRead(BaseModel):
    """Won; `profit_rate` in percent of what the sold shares cost. Null for a purchase."""

    trade_id: int
    symbol: str
    trade_type: str
    price: int
    quantity: int
    trade_time: datetime
    profit_loss: int | None
    profit_rate: float | None
    current_price: int | None


class Statistics(BaseModel):
    total_trades: int
    total_profit_loss: int
    profitable_trades: int
    win_rate: float


class History(BaseModel):
    trades: list[TradeRead]
    statistics: Statistics


@router.post("/simulate")
def simulate(item: SimulatedTradeItem, user: CurrentUser, session: Transaction, now: Now) -> Answer:
    own_id_in_body(user, item.user_id)
    trades.record(session, user.id, item.symbol, item.trade_type, item.price, item.quantity, now)
    return Answer(message=ko.TRADE_RECORDED)


@router.get("/history/{user_id}")
def history(
    user_id: IdInPath, user: CurrentUser, session: Transaction, limit: Limit = PAGE, offset: Offset = 0
) -> History:
    """Newest first; the statistics are over all trades, not only these."""
    own_id_in_path(user, user_id)
    page = trades.history(session, user.id, limit=limit, offset=offset)
    prices = quotes.of_symbols(session, [trade.symbol for trade in page])
    return History(
        trades=[_read(trade, prices.get(trade.symbol)) for trade in page],
        statistics=Statistics.model_validate(trades.statistics(session, user.id), from_attributes=True),
    )


def _read(trade: Trade, quote: Quote | None) -> TradeRead:
    return TradeRead(
        trade_id=trade.id,
        symbol=trade.symbol,
        trade_type=trade.trade_type,
        price=trade.price,
        quantity=trade.quantity,
        trade_time=trade.traded_at,
        profit_loss=trade.profit_loss,
        profit_rate=round(100 * (trade.profit_loss or 0) / trade.cost_of_sale, 2) if trade.cost_of_sale else None,
        current_price=quote.price if quote else None,
    )
