"""Password hashes: argon2id with the parameters OWASP names as the minimum (40 ms a check)."""

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

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
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    return _HASHER.check_needs_rehash(password_hash)
