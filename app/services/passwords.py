"""Password hashes: argon2id with the parameters OWASP names as the minimum (40 ms a check)."""

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.errors import AppError
from app.texts import en

# What is tried first on every account in the world, of those long enough to be taken here.
_TRIED_FIRST = """
    12345678 123456789 1234567890 87654321 987654321 0987654321 12341234 11112222 12121212 123123123 147258369
    1q2w3e4r 1q2w3e4r5t q1w2e3r4 1qaz2wsx 1qazxsw2 qwer1234 qwertyui qwertyuiop qwerty12 qwerty123 asdf1234 asdfasdf
    asdfghjk asdfghjkl zxcvbnm1 zaq12wsx abcd1234 abc12345 abcdefgh a1234567 a12345678 aa123456 password password1
    password12 password123 passw0rd p@ssw0rd p@ssword iloveyou sunshine princess football baseball superman
    trustno1 welcome1 welcome123 letmein1 starwars whatever computer internet samsung1 administrator admin123
    admin1234 changeme changeme1 testtest test1234 testing123 tkfkdgo1 dkssud12 gksrnr12
"""

# 19 MiB each: without a cap a crowd at the login would take all memory.
_AT_ONCE = threading.BoundedSemaphore(4)
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Checked when the account is unknown, so that the answer takes as long as for a known one.
_NOBODYS_HASH = _HASHER.hash("nobody's password")


def hash_password(password: str) -> str:
    """Slow on purpose: call it outside a transaction."""
    with _AT_ONCE:
        return _HASHER.hash(password)


def is_right(password: str, password_hash: str | None) -> bool:
    """False for an account without a password, after the same time. Slow on purpose."""
    try:
        with _AT_ONCE:
            _HASHER.verify(password_hash or _NOBODYS_HASH, password)
    except (VerificationError, InvalidHashError):
        return False
    return bool(password_hash)


def refuse_guessable(password: str, username: str) -> None:
    """Raises AppError for what is guessed first: one letter repeated, the user's own name, the world's favourites."""
    plain = password.casefold()
    if len(set(plain)) == 1 or plain == username.casefold() or plain in _TRIED_FIRST.split():
        raise AppError(en.PASSWORD_GUESSABLE)


def is_outdated(password_hash: str) -> bool:
    return _HASHER.check_needs_rehash(password_hash)
