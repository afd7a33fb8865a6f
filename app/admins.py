"""Making an existing account an administrator, by hand on the server: no door of the service can do it."""

import sys

from sqlalchemy.exc import SQLAlchemyError

from app import clock, db
from app.errors import NotFound, NotReady
from app.services import users

DONE, REFUSED, NOT_READY = 0, 4, 5


def promote(username: str) -> int:
    """Says on one line what happened. 0 is an administrator now, 4 there is no such account, 5 no database."""
    try:
        with db.transaction() as session:
            is_new = users.make_admin(session, username, clock.now())
    except NotFound:
        return _refuse(REFUSED, f"there is no account {username!r}: register it first")
    except NotReady as error:
        return _refuse(NOT_READY, f"not ready: {error}")
    except SQLAlchemyError as error:
        return _refuse(NOT_READY, f"not ready: the database does not answer ({type(error).__name__})")
    print(f"{username} {'is an administrator now' if is_new else 'was an administrator already'}")  # noqa: T201
    return DONE


def _refuse(exit_code: int, reason: str) -> int:
    print(reason, file=sys.stderr)  # noqa: T201
    return exit_code
