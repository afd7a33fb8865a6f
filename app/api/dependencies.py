"""What routes ask for by type."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from app import clock, db
from app.api import tokens
from app.errors import Forbidden, NotAuthenticated, NotFound
from app.models import User
from app.services import users
from app.settings import Settings, load_settings
from app.texts import en

SAFE_METHODS = ("GET", "HEAD")


def open_transaction(request: Request) -> Iterator[Session]:
    with db.transaction(read_only=request.method in SAFE_METHODS) as session:
        yield session


# scope="function" commits before the answer is sent. Without it FastAPI answers first,
# and a failed commit has already been reported as a success.
Transaction = Annotated[Session, Depends(open_transaction, scope="function")]
Now = Annotated[datetime, Depends(clock.now)]
CurrentSettings = Annotated[Settings, Depends(load_settings)]
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]


def caller_of(request: Request) -> str:
    """The client's address; the proxy's word for it is believed only from FORWARDED_ALLOW_IPS."""
    return request.client.host if request.client else ""


Caller = Annotated[str, Depends(caller_of)]


def current_user(bearer: Bearer, session: Transaction, settings: CurrentSettings) -> User:
    return _find_user(bearer, session, settings)


CurrentUser = Annotated[User, Depends(current_user)]


def current_user_for_slow_work(bearer: Bearer, settings: CurrentSettings) -> User:
    """Read in a transaction that is over before the route begins."""
    with db.transaction(read_only=True) as session:
        return _find_user(bearer, session, settings)


CurrentUserForSlowWork = Annotated[User, Depends(current_user_for_slow_work)]


def _find_user(bearer: HTTPAuthorizationCredentials | None, session: Session, settings: Settings) -> User:
    if bearer is None:
        raise NotAuthenticated(en.NOT_AUTHENTICATED)
    claims = tokens.read(bearer.credentials, settings.jwt_secret_key.get_secret_value())
    user = users.find_by_token(session, claims.user_id, claims.token_version) if claims else None
    if user is None:
        raise NotAuthenticated(en.TOKEN_REFUSED)
    return user


def current_admin(user: CurrentUser) -> User:
    if user.role != "admin":
        raise Forbidden(en.ADMIN_REQUIRED)
    return user


CurrentAdmin = Annotated[User, Depends(current_admin)]


def own_id_in_body(user: User, user_id: int | None) -> int:
    """The contract lets clients name themselves; naming somebody else raises Forbidden."""
    if user_id is not None and user_id != user.id:
        raise Forbidden(en.NOT_YOURS)
    return user.id


def own_id_in_path(user: User, user_id: int) -> int:
    """Raises NotFound for another's id, whether it exists or not."""
    if user_id != user.id:
        raise NotFound(en.USER_NOT_FOUND)
    return user.id
