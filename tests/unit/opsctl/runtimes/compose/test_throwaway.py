"""The URL that tests get: the service's own, with another database and role in it."""

import pytest

from opsctl.databases import Place
from opsctl.errors import Refused
from opsctl.runtimes.compose.throwaway import Throwaway

MADE = Throwaway("app_test_shop_1a2b3c4d", "secret")
LIVE = Place(kind="postgresql", name="stockalert", user="stockalert")


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        (
            "postgresql+psycopg://stockalert@db:5432/stockalert",
            "postgresql+psycopg://app_test_shop_1a2b3c4d@db:5432/app_test_shop_1a2b3c4d",
        ),
        (
            "postgresql+psycopg://ops:p%40ss@pg.example:6432/stockalert?sslmode=require",
            "postgresql+psycopg://app_test_shop_1a2b3c4d@pg.example:6432/app_test_shop_1a2b3c4d?sslmode=require",
        ),
    ],
)
def test_only_database_and_role_are_replaced_and_no_password_stays(live, expected):
    assert MADE.url(live, LIVE) == expected


def test_a_container_on_another_database_than_opsctl_knows_is_refused():
    with pytest.raises(Refused) as refused:
        MADE.url("postgresql+psycopg://stockalert@db:5432/somewhere_else", LIVE)

    assert refused.value.cause == "test.live_database"


def test_the_live_database_is_refused_by_name():
    live = Place(kind="postgresql", name=MADE.name, user="stockalert")

    with pytest.raises(Refused):
        MADE.url(f"postgresql+psycopg://stockalert@db:5432/{MADE.name}", live)
