"""Accounts: registering, logging in, one's own data."""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app import clock, db
from app.api import tokens
from app.api.dependencies import (
    Caller,
    CurrentAdmin,
    CurrentSettings,
    CurrentUser,
    CurrentUserForSlowWork,
    Now,
    Transaction,
    own_id_in_path,
)
from app.api.fields import PAGE, Email, GivenPassword, GivenUsername, IdInPath, Limit, Offset, Password, Username
from app.api.logins import FailedLogins
from app.errors import AppError, NotAuthenticated
from app.models import User
from app.services import bot_state, passwords, trades, users
from app.texts import en, ko

router = APIRouter(prefix="/users", tags=["users"])
failed_logins = FailedLogins()


class UserCreate(BaseModel):
    """Whatever else is sent, such as a role, is not looked at."""

    username: Username
    email: Email
    password: Password


class UserLogin(BaseModel):
    username: GivenUsername
    password: GivenPassword


class UserRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    username: str
    email: str | None
    role: str
    is_active: bool
    telegram_id: Annotated[int | None, Field(validation_alias="telegram_chat_id")]
    created_at: datetime
    updated_at: datetime


class UserUpdate(BaseModel):
    email: Email | None = None
    telegram_id: int | None = None


class PasswordChange(BaseModel):
    current_password: GivenPassword
    new_password: Password


class Token(BaseModel):
    access_token: str
    token_type: str = "bearer"  # noqa: S105
    user: UserRead


class LinkCode(BaseModel):
    """Send the code to the bot, `/start CODE`, or open the link; null until the bot has told its name."""

    code: str
    deep_link: str | None
    expires_at: datetime


class Stats(BaseModel):
    user_id: int
    username: str
    trade_count: int
    prediction_count: int = 0
    created_at: datetime


# These three open their own transactions: hashing takes 40 ms, and nothing slow belongs inside one.
@router.post("/register")
def register(new: UserCreate) -> UserRead:
    passwords.refuse_guessable(new.password, new.username)
    password_hash = passwords.hash_password(new.password)
    with db.transaction() as session:
        return UserRead.model_validate(users.register(session, new.username, new.email, password_hash, clock.now()))


@router.post("/login")
def login(given: UserLogin, settings: CurrentSettings, caller: Caller) -> Token:
    with failed_logins.attempt(given.username, caller, time.monotonic()):
        with db.transaction(read_only=True) as session:
            user = users.find_by_username(session, given.username)
        is_right = passwords.is_right(given.password, user.password_hash if user else None)
        if not is_right or not user or not user.is_active:
            raise NotAuthenticated(en.LOGIN_REFUSED)
    if user.password_hash and passwords.is_outdated(user.password_hash):
        new_hash = passwords.hash_password(given.password)
        with db.transaction() as session:
            users.renew_hash(session, user.id, user.password_hash, new_hash)
    token = tokens.issue(user, settings.jwt_secret_key.get_secret_value(), clock.now())
    return Token(access_token=token, user=UserRead.model_validate(user))


@router.put("/me/password")
def change_password(change: PasswordChange, user: CurrentUserForSlowWork, caller: Caller) -> UserRead:
    """All tokens issued before stop working, this request's too."""
    passwords.refuse_guessable(change.new_password, user.username)
    with failed_logins.attempt(user.username, caller, time.monotonic()):
        if not passwords.is_right(change.current_password, user.password_hash):
            raise AppError(en.PASSWORD_WRONG)
    new_hash = passwords.hash_password(change.new_password)
    with db.transaction() as session:
        return UserRead.model_validate(users.change_password(session, user.id, new_hash, clock.now()))


@router.get("/me")
def me(user: CurrentUser) -> UserRead:
    return UserRead.model_validate(user)


@router.put("/me")
def change_me(change: UserUpdate, user: CurrentUser, session: Transaction, now: Now) -> UserRead:
    """A chat is tied by the one-time code only, or anybody could send their alerts to somebody else's chat."""
    if change.telegram_id is not None and change.telegram_id != user.telegram_chat_id:
        raise AppError(ko.LINK_BY_CODE_ONLY)
    if change.email is not None:
        users.change_email(session, user, change.email, now)
    return UserRead.model_validate(user)


@router.post("/me/telegram-link")
def issue_link_code(user: CurrentUser, session: Transaction, now: Now) -> LinkCode:
    code = users.issue_link_code(session, user, now)
    name = bot_state.username(session)
    link = f"https://t.me/{name}?start={code}" if name else None
    return LinkCode(code=code, deep_link=link, expires_at=now + users.LINK_CODE_LIFETIME)


@router.delete("/me/telegram-link")
def unlink_chat(user: CurrentUser, session: Transaction, now: Now) -> UserRead:
    users.unlink_chat(session, user, now)
    return UserRead.model_validate(user)


@router.get("/stats/{user_id}")
def stats(user_id: IdInPath, user: CurrentUser, session: Transaction) -> Stats:
    own_id_in_path(user, user_id)
    count = trades.statistics(session, user.id).total_trades
    return Stats(user_id=user.id, username=user.username, trade_count=count, created_at=user.created_at)


@router.get("/", response_model=list[UserRead])
def list_users(_admin: CurrentAdmin, session: Transaction, limit: Limit = PAGE, skip: Offset = 0) -> Sequence[User]:
    return users.list_users(session, limit=limit, offset=skip)
