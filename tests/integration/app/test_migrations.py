"""Migrations: up, down and up again; the same schema as the models; all or nothing."""

import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.pool import NullPool

from app import clock, db
from app.models import Symbol, Table, WatchedSymbol
from tests.integration.app.conftest import ROOT, migrate

BROKEN = '''
"""a step that fails half-way"""
import os, time
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "broken", {head!r}, None, None
def upgrade():
    op.create_table("half_way", sa.Column("id", sa.Integer(), primary_key=True))
    with op.batch_alter_table("symbols") as batch:
        batch.add_column(sa.Column("sector", sa.String(10)))
    {fault}
def downgrade():
    with op.batch_alter_table("symbols") as batch:
        batch.drop_column("sector")
    op.drop_table("half_way")
'''


def connect(url):
    return create_engine(url, poolclass=NullPool)


def described(index) -> str:
    return str(
        {
            name: str(value)
            for name, value in (index | index.get("dialect_options", {})).items()
            if name != "dialect_options"
        }
    )


def schema(url) -> dict[str, Any]:
    """Everything the database knows about its tables, in an order that does not matter."""
    inspector = inspect(connect(url))
    return {
        table: {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"]) for column in inspector.get_columns(table)
            },
            "primary key": inspector.get_pk_constraint(table),
            "unique": sorted(map(str, inspector.get_unique_constraints(table))),
            "checks": sorted(str(check["name"]) + check["sqltext"] for check in inspector.get_check_constraints(table)),
            "foreign keys": sorted(map(str, inspector.get_foreign_keys(table))),
            "indexes": sorted(described(index) for index in inspector.get_indexes(table)),
        }
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def test_up_down_and_up_again(empty_database_url):
    migrate(empty_database_url)
    first = schema(empty_database_url)
    migrate(empty_database_url, "base")
    assert schema(empty_database_url) == {}
    migrate(empty_database_url)

    assert schema(empty_database_url) == first
    assert set(first) == set(Table.metadata.tables)


def test_models_and_migrated_database_are_the_same(database_url):
    with connect(database_url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []


def test_models_and_migrations_make_the_same_constraints(empty_database_url):
    migrate(empty_database_url)
    migrated = schema(empty_database_url)
    migrate(empty_database_url, "base")

    Table.metadata.create_all(connect(empty_database_url))

    assert schema(empty_database_url) == migrated


def test_moment_is_the_same_moment_whatever_its_zone_was_and_must_have_one(environment):
    moment = datetime(2026, 11, 23, 10, 0, tzinfo=clock.KST)
    with db.transaction() as session:
        session.add(Symbol(symbol="005930", name="x", updated_at=moment))
    with db.transaction(read_only=True) as session:
        stored = session.get_one(Symbol, "005930").updated_at

    assert (stored, stored.utcoffset()) == (moment, timedelta(0))
    with pytest.raises(StatementError, match="time zone"), db.transaction() as session:
        session.add(Symbol(symbol="000660", name="x", updated_at=moment.replace(tzinfo=None)))


def test_row_that_points_nowhere_is_refused(environment, now):
    with pytest.raises(IntegrityError), db.transaction() as session:
        session.add(WatchedSymbol(user_id=4711, symbol="005930", created_at=now))


def test_ids_number_themselves(database_url):
    with connect(database_url).begin() as connection:
        for name in ("ada", "bob"):
            connection.execute(
                text(
                    "INSERT INTO app_users (username, role, is_active, token_version, wants_messages, language,"
                    " created_at, updated_at) VALUES (:name, 'user', true, 0, true, 'ko', :now, :now)"
                ),
                {"name": name, "now": "2026-11-23 00:00:00"},
            )
        assert connection.scalars(text("SELECT id FROM app_users ORDER BY id")).all() == [1, 2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the migrations with one more, which the test writes."""
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "migrations", folder / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "alembic.ini", folder)
    return folder


def add_step(project, fault):
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    head = ScriptDirectory.from_config(Config(ROOT / "alembic.ini")).get_current_head()
    (project / "migrations" / "versions" / "broken.py").write_text(BROKEN.format(head=head, fault=fault))


def alembic(project, url, *words, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "alembic", *words],
        cwd=project,
        env=os.environ | {"DATABASE_URL": url, "PYTHONPATH": str(ROOT)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **options,
    )


def test_step_that_fails_half_way_leaves_the_old_schema_and_can_be_retried(database_url, project):
    before = schema(database_url)
    add_step(project, 'raise RuntimeError("half-way")')

    failed = alembic(project, database_url, "upgrade", "head")
    assert "half-way" in failed.communicate(timeout=60)[0]
    assert failed.returncode == 1
    assert schema(database_url) == before

    add_step(project, "pass")
    retried = alembic(project, database_url, "upgrade", "head")
    assert retried.communicate(timeout=60) == ("", None)
    assert retried.returncode == 0
    assert "half_way" in schema(database_url)


def test_step_that_is_killed_half_way_leaves_the_old_schema_and_can_be_retried(database_url, project, tmp_path):
    before = schema(database_url)
    add_step(project, f'open({str(tmp_path / "reached")!r}, "w").close(); time.sleep(60)')

    running = alembic(project, database_url, "upgrade", "head")
    while not (tmp_path / "reached").exists():
        assert running.poll() is None, running.communicate()[0]
        time.sleep(0.02)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    assert schema(database_url) == before

    add_step(project, "pass")
    retried = alembic(project, database_url, "upgrade", "head")
    retried.communicate(timeout=60)
    assert retried.returncode == 0
    assert "half_way" in schema(database_url)


def test_batch_step_does_not_delete_the_rows_of_other_tables(database_url, project):
    with connect(database_url).begin() as connection:
        connection.execute(text("INSERT INTO symbols VALUES ('005930', '삼성전자', 'KOSPI', '2026-11-23 00:00:00')"))
        quote = "INSERT INTO quotes VALUES ('005930', 1, 1, :now, :now, :now, false)"
        connection.execute(text(quote), {"now": "2026-11-23 00:00:00"})
    add_step(project, "pass")

    upgrade = alembic(project, database_url, "upgrade", "head")
    upgrade.communicate(timeout=60)

    assert upgrade.returncode == 0
    with connect(database_url).connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM quotes")) == 1


def test_two_upgrades_at_once_both_end_well(empty_database_url):
    both = [alembic(ROOT, empty_database_url, "upgrade", "head") for _ in range(2)]

    ends = [(process.communicate(timeout=120)[0], process.returncode) for process in both]

    assert [code for _, code in ends] == [0, 0], ends
    assert set(schema(empty_database_url)) == set(Table.metadata.tables)


def test_missing_settings_are_one_line(tmp_path):
    shutil.copy(ROOT / "alembic.ini", tmp_path)
    (tmp_path / "migrations").symlink_to(ROOT / "migrations")
    ended = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        text=True,
        capture_output=True,
        timeout=60,
    )

    assert (ended.returncode, ended.stderr) == (5, "APP_ENV is missing\n")


@pytest.mark.usefixtures("environment")
def test_starting_the_service_makes_no_tables(empty_database_url, monkeypatch):
    """Only migrations make tables; an unmigrated database is an unready service, not an empty one."""
    from fastapi.testclient import TestClient

    from app.api.main import create_app
    from app.settings import load_settings

    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    load_settings.cache_clear()
    client = TestClient(create_app(load_settings()), raise_server_exceptions=False)

    assert client.get("/ready").status_code == 503
    assert schema(empty_database_url) == {}
    db.engine().dispose()
