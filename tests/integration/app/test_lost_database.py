"""A SQLite file that vanished is a failure to be told: an empty one in its place would look like all is well."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app import db


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_service_makes_no_empty_database_where_its_own_is_lost(tmp_path):
    for file in tmp_path.glob("app.db*"):
        file.unlink()

    with pytest.raises(OperationalError), db.transaction() as session:
        session.execute(text("SELECT 1"))

    assert not (tmp_path / "app.db").exists()
