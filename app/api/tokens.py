"""Bearer tokens: who someone is, for half an hour. What they may do is read from their row."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt

from app.models import User

ALGORITHM = "HS256"
AUDIENCE = "stockalert-api"
LIFETIME = timedelta(minutes=30)
CLAIMS = ["sub", "iat", "exp", "aud", "user_id", "ver"]


@dataclass(frozen=True)
class Claims:
    user_id: int
    token_version: int


def issue(user: User, key: str, now: datetime) -> str:
    claims = {
        "sub": user.username,
        "user_id": user.id,
        "ver": user.token_version,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + LIFETIME,
    }
    return jwt.encode(claims, key, algorithm=ALGORITHM)


def read(token: str, key: str) -> Claims | None:
    """None for whatever we did not sign, or signed too long ago."""
    try:
        claims = jwt.decode(token, key, algorithms=[ALGORITHM], audience=AUDIENCE, options={"require": CLAIMS})
    except jwt.InvalidTokenError:
        return None
    user_id, version = claims["user_id"], claims["ver"]
    return Claims(user_id, version) if type(user_id) is int and type(version) is int else None
