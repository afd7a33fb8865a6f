"""The watchlist of the one who asks."""

from collections.abc import Sequence

from fastapi import APIRouter
from pydantic import BaseModel

from app.api.answers import Answer
from app.api.dependencies import CurrentUser, Now, Transaction, own_id_in_body, own_id_in_path
from app.api.fields import PAGE, Identifier, IdInPath, Limit, Offset, SymbolCode
from app.services import watchlist
from app.texts import ko

router = APIRouter(prefix="/watchlist", tags=["watchlist"])


class WatchlistItem(BaseModel):
    user_id: Identifier | None = None
    symbol: SymbolCode


class Watchlist(BaseModel):
    watchlist: Sequence[str]


@router.post("/add")
def add(item: WatchlistItem, user: CurrentUser, session: Transaction, now: Now) -> Answer:
    own_id_in_body(user, item.user_id)
    added = watchlist.add(session, user.id, item.symbol, now)
    return Answer(message=ko.WATCHLIST_ADDED if added else ko.WATCHLIST_ALREADY_THERE)


@router.get("/get/{user_id}")
def get(
    user_id: IdInPath, user: CurrentUser, session: Transaction, limit: Limit = PAGE, offset: Offset = 0
) -> Watchlist:
    own_id_in_path(user, user_id)
    return Watchlist(watchlist=watchlist.list_symbols(session, user.id, limit=limit, offset=offset))


@router.post("/remove")
def remove(item: WatchlistItem, user: CurrentUser, session: Transaction) -> Answer:
    own_id_in_body(user, item.user_id)
    removed = watchlist.remove(session, user.id, item.symbol)
    return Answer(message=ko.WATCHLIST_REMOVED if removed else ko.WATCHLIST_NOT_THERE)
