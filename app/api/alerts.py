"""Price alerts of the one who asks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from app.api.dependencies import CurrentUser, Now, Transaction, own_id_in_body, own_id_in_path
from app.api.fields import PAGE, Identifier, IdInPath, Limit, Offset, SymbolCode, Won
from app.errors import AppError
from app.models import Alert
from app.services import alerts
from app.texts import ko

router = APIRouter(prefix="/alerts", tags=["alerts"])

Condition = Literal["gte", "lte"]


class Unsupported(BaseModel):
    """Conditions of the contract that nothing evaluates yet: taking them would be a promise nobody keeps."""

    notify_on_disclosure: bool | None = None
    change_percent: float | None = None
    change_type: str | None = None
    repeat_interval: str | None = None

    def refuse(self) -> None:
        """Raises AppError naming those that were asked for."""
        if asked := [name for name in Unsupported.model_fields if getattr(self, name)]:
            raise AppError(ko.ALERT_CONDITION_NOT_SUPPORTED.format(names=", ".join(asked)))


class PriceAlertCreate(Unsupported):
    symbol: SymbolCode
    target_price: Won | None = None
    condition: Condition | None = None
    user_id: Identifier | None = None


class PriceAlertUpdate(Unsupported):
    target_price: Won | None = None
    condition: Condition | None = None
    is_active: bool | None = None


class PriceAlertRead(BaseModel):
    """Prices in won. `fired_at` and `fired_price` tell of the last firing."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    user_id: int
    symbol: str
    target_price: int
    condition: Condition
    notify_on_disclosure: bool = False
    is_active: bool
    firings: int
    fired_at: datetime | None
    fired_price: int | None
    created_at: datetime
    updated_at: datetime


class Removed(BaseModel):
    result: bool = True


@router.post("/", response_model=PriceAlertRead)
def add_alert(new: PriceAlertCreate, user: CurrentUser, session: Transaction, now: Now) -> Alert:
    own_id_in_body(user, new.user_id)
    new.refuse()
    if new.target_price is None and new.condition is None:
        raise AppError(ko.ALERT_NEEDS_CONDITION)
    if new.target_price is None or new.condition is None:
        raise AppError(ko.ALERT_NEEDS_PRICE_AND_CONDITION)
    return alerts.add_alert(session, user.id, new.symbol, new.condition, new.target_price, now)


@router.get("/", response_model=list[PriceAlertRead])
def list_alerts(user: CurrentUser, session: Transaction, limit: Limit = PAGE, offset: Offset = 0) -> Sequence[Alert]:
    return alerts.list_alerts(session, user.id, limit=limit, offset=offset)


@router.get("/{alert_id}", response_model=PriceAlertRead)
def get_alert(alert_id: IdInPath, user: CurrentUser, session: Transaction) -> Alert:
    return alerts.get_alert(session, user.id, alert_id)


@router.get("/user/{user_id}/symbol/{symbol}", response_model=PriceAlertRead)
def newest_for_symbol(user_id: IdInPath, symbol: SymbolCode, user: CurrentUser, session: Transaction) -> Alert:
    return alerts.newest_for_symbol(session, own_id_in_path(user, user_id), symbol)


@router.put("/{alert_id}", response_model=PriceAlertRead)
def change_alert(
    alert_id: IdInPath, change: PriceAlertUpdate, user: CurrentUser, session: Transaction, now: Now
) -> Alert:
    change.refuse()
    changes = change.model_dump(include={"target_price", "condition", "is_active"}, exclude_none=True)
    return alerts.change_alert(session, user.id, alert_id, changes, now)


@router.delete("/{alert_id}")
def delete_alert(alert_id: IdInPath, user: CurrentUser, session: Transaction) -> Removed:
    alerts.delete_alert(session, user.id, alert_id)
    return Removed()
