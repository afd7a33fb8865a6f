import pytest

from app.api.logins import (
    ADDRESS_WINDOW_S,
    FAILURES_FROM_ALL,
    FAILURES_FROM_ONE_ADDRESS,
    FAILURES_ON_ALL_ACCOUNTS,
    KEYS_REMEMBERED,
    WINDOW_S,
    FailedLogins,
)
from app.errors import NotAuthenticated, TooManyRequests

LATER = ADDRESS_WINDOW_S + 1


@pytest.fixture
def logins():
    return FailedLogins()


def fail(logins, times=1, name="ada", address="10.0.0.1", at=0.0):
    for _ in range(times):
        with pytest.raises(NotAuthenticated), logins.attempt(name, address, at):
            raise NotAuthenticated("wrong")


def succeed(logins, name="ada", address="10.0.0.1", at=1.0):
    with logins.attempt(name, address, at):
        pass


def test_door_closes_for_the_address_that_guesses_and_stays_open_for_others(logins):
    fail(logins, FAILURES_FROM_ONE_ADDRESS)

    with pytest.raises(TooManyRequests):
        succeed(logins)
    succeed(logins, address="10.0.0.2")
    succeed(logins, name="bob")


def test_door_opens_when_the_window_has_passed(logins):
    fail(logins, FAILURES_FROM_ONE_ADDRESS)

    with pytest.raises(TooManyRequests) as closed:
        succeed(logins, at=100.0)
    succeed(logins, at=100.0 + closed.value.retry_after_s)
    assert closed.value.retry_after_s <= WINDOW_S


def test_guesses_from_many_addresses_add_up(logins):
    for number in range(FAILURES_FROM_ALL):
        fail(logins, address=f"10.0.1.{number}")

    with pytest.raises(TooManyRequests):
        succeed(logins, address="10.9.9.9")


def test_one_password_tried_on_many_accounts_is_stopped_for_a_while(logins):
    for number in range(FAILURES_ON_ALL_ACCOUNTS):
        fail(logins, name=f"name-{number}")

    with pytest.raises(TooManyRequests):
        succeed(logins, name="another")
    succeed(logins, name="another", address="10.0.0.2")
    succeed(logins, name="another", at=LATER)


def test_success_forgives_the_address(logins):
    fail(logins, FAILURES_FROM_ONE_ADDRESS - 1)
    succeed(logins)
    fail(logins, FAILURES_FROM_ONE_ADDRESS - 1)

    succeed(logins)


def test_successes_are_never_counted(logins):
    for number in range(FAILURES_FROM_ALL):
        succeed(logins, at=float(number) / 1000)


def test_failure_of_ours_is_not_the_callers(logins):
    for _ in range(FAILURES_FROM_ONE_ADDRESS):
        with pytest.raises(ConnectionError), logins.attempt("ada", "10.0.0.1", 0.0):
            raise ConnectionError("the database is away")

    succeed(logins)


def test_memory_is_bounded(logins):
    for number in range(KEYS_REMEMBERED):
        fail(logins, name=f"name-{number}", address=f"address-{number}")

    assert len(logins._failures) <= KEYS_REMEMBERED
