import pytest

from app.api.logins import FAILURES_FROM_ALL, FAILURES_FROM_ONE_ADDRESS, KEYS_REMEMBERED, WINDOW_S, FailedLogins
from app.errors import TooManyRequests


@pytest.fixture
def logins():
    return FailedLogins()


def fail(logins, times, name="ada", address="10.0.0.1", at=0.0):
    for _ in range(times):
        logins.note(name, address, at)


def test_door_closes_for_the_address_that_guesses_and_stays_open_for_others(logins):
    fail(logins, FAILURES_FROM_ONE_ADDRESS)

    with pytest.raises(TooManyRequests):
        logins.check("ada", "10.0.0.1", 1.0)
    logins.check("ada", "10.0.0.2", 1.0)
    logins.check("bob", "10.0.0.1", 1.0)


def test_door_opens_when_the_window_has_passed(logins):
    fail(logins, FAILURES_FROM_ONE_ADDRESS)

    with pytest.raises(TooManyRequests) as closed:
        logins.check("ada", "10.0.0.1", 100.0)
    logins.check("ada", "10.0.0.1", 100.0 + closed.value.retry_after_s)
    assert closed.value.retry_after_s <= WINDOW_S


def test_guesses_from_many_addresses_add_up(logins):
    for number in range(FAILURES_FROM_ALL):
        fail(logins, 1, address=f"10.0.1.{number}")

    with pytest.raises(TooManyRequests):
        logins.check("ada", "10.9.9.9", 1.0)


def test_success_forgives_the_address(logins):
    fail(logins, FAILURES_FROM_ONE_ADDRESS - 1)
    logins.forget("ada", "10.0.0.1")
    fail(logins, 1)

    logins.check("ada", "10.0.0.1", 1.0)


def test_memory_is_bounded(logins):
    for number in range(KEYS_REMEMBERED):
        fail(logins, 1, name=f"name-{number}")

    assert len(logins._failures) <= KEYS_REMEMBERED
