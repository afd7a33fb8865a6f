"""opsctl migrate status, upgrade"""

import fcntl
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from tests.integration.opsctl.stocked import become

ROOT = Path(__file__).parents[3]
KINDS = ("sqlite", "postgres")
FIRST = "20261123_0800"
only_postgres = pytest.mark.parametrize("template", ["postgres"], indirect=True)  # SQLite's readers stop no writer

REVISION = '''"""{title}"""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {down!r}


def upgrade() -> None:
{body}
'''
ADD_COLUMN = 'op.add_column("symbols", sa.Column("{name}", sa.String(10)))'


class Database:
    """The database of one project folder, as somebody beside opsctl sees it."""

    def __init__(self, kind, connect):
        self.kind, self.connect = kind, connect

    def rows(self, statement):
        with closing(self.connect()) as connection:
            return connection.execute(statement).fetchall()

    def change(self, statement):
        with closing(self.connect()) as connection:
            connection.execute(statement)
            connection.commit()

    @property
    def revision(self):
        return [row[0] for row in self.rows("SELECT version_num FROM alembic_version")]

    def columns(self, table):
        return [column.name if self.kind == "postgres" else column[0] for column in self._describe(table)]

    def _describe(self, table):
        with closing(self.connect()) as connection:
            return connection.execute(f"SELECT * FROM {table} LIMIT 0").description


@pytest.fixture(scope="module", params=KINDS)
def template(request, tmp_path_factory):
    """A database at the first revision, made once for each kind: (kind, its URL)."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('template') / 'app.db'}"
        to_first_revision(url)
        yield "sqlite", url
        return
    server = request.getfixturevalue("postgres_url")
    with a_database(server) as url:
        to_first_revision(url.replace("postgresql:", "postgresql+psycopg:"))
        yield "postgres", url


@pytest.fixture
def database(request, project, template):
    """The project folder's database: a new one, or for the fixture `migrated` one at the first revision."""
    kind, url = template
    is_migrated = "migrated" in request.fixturenames
    if kind == "sqlite":
        file = project / "data" / "app.db"
        if is_migrated:
            shutil.copy(url.removeprefix("sqlite:///"), file)
        yield Database(kind, lambda: sqlite3.connect(file))
        return
    with a_database(url, template=url.rpartition("/")[2] if is_migrated else "template1") as own:
        set_key(project, "DATABASE_URL", own.replace("postgresql:", "postgresql+psycopg:"))
        yield Database(kind, lambda: psycopg.connect(own))


@contextmanager
def a_database(server, template="template1"):
    """The URL of a database of its own on the server, dropped afterwards."""
    name = f"migrate_{uuid4().hex[:12]}"
    admin_url = f"{server.rpartition('/')[0]}/postgres"
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield f"{server.rpartition('/')[0]}/{name}"
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def to_first_revision(url):
    subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", FIRST],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "APP_ENV": "test"},
        check=True,
    )


@pytest.fixture
def migrations(project):
    """The project's migrations; gives a function that writes one more."""
    shutil.copy(ROOT / "alembic.ini", project)
    shutil.copytree(ROOT / "migrations", project / "migrations")
    shutil.copytree(ROOT / "app", project / "app", ignore=shutil.ignore_patterns("__pycache__"))
    keep_only_first(project / "migrations" / "versions")

    def add(revision, *statements, down=FIRST, title="one more column"):
        body = "\n".join(f"    {statement}" for statement in statements)
        file = project / "migrations" / "versions" / f"{revision}.py"
        file.write_text(REVISION.format(revision=revision, down=down, title=title, body=body))
        return file

    return add


@pytest.fixture
def migrated(database, migrations):
    """The database at the first revision, with a row to lose."""
    now = "'2026-11-23 00:00:00+00'"
    database.change(f"INSERT INTO symbols (symbol, name, updated_at) VALUES ('005930', '삼성전자', {now})")
    return database


def keep_only_first(folder):
    for file in folder.glob("*.py"):
        if FIRST not in file.name:
            file.unlink()


def set_key(project, key, value):
    file = project / ".env.development"
    lines = [line for line in file.read_text().splitlines() if not line.startswith(f"{key}=")]
    file.write_text("\n".join([*lines, f"{key}={value}"]) + "\n")


def status(opsctl):
    outcome = opsctl("migrate", "status", "--json")
    return outcome.exit_code, json.loads(outcome.stdout)


def backups(project):
    return sorted((project / "backups").glob("2*"))


def error(outcome):
    return json.loads(outcome.stdout)["error"]


def test_a_new_database_waits_for_everything(database, migrations, opsctl):
    code, found = status(opsctl)

    assert code == 3
    assert (found["current"], found["head"]) == (None, FIRST)
    assert [step["revision"] for step in found["pending"]] == [FIRST]


def test_status_is_for_people_too(migrated, migrations, opsctl):
    migrations("2b", ADD_COLUMN.format(name="sector"), title="Sectors of symbols.")

    outcome = opsctl("migrate", "status")

    assert outcome.exit_code == 3
    assert "Sectors of symbols." in outcome.stdout
    assert "opsctl migrate upgrade" in outcome.stdout


def test_upgrade_backs_up_then_brings_the_database_to_head(migrated, migrations, opsctl, project):
    migrations("2b", ADD_COLUMN.format(name="sector"))
    migrations("3c", ADD_COLUMN.format(name="branch"), down="2b")

    outcome = opsctl("migrate", "upgrade", "--json")

    assert outcome.exit_code == 0, outcome.output
    said = json.loads(outcome.stdout)
    assert (said["previous"], said["current"], said["head"]) == (FIRST, "3c", "3c")
    assert [step["revision"] for step in said["applied"]] == ["2b", "3c"]
    assert backups(project) == [project / "backups" / said["backup"]]
    assert json.loads((backups(project)[0] / "manifest.json").read_text())["contents"]["revision"] == FIRST
    assert {"sector", "branch"} <= set(migrated.columns("symbols"))
    assert migrated.rows("SELECT name FROM symbols") == [("삼성전자",)]
    assert status(opsctl)[0] == 0


def test_a_new_database_is_not_backed_up_first(database, migrations, opsctl, project):
    outcome = opsctl("migrate", "upgrade", "--json")

    assert outcome.exit_code == 0, outcome.output
    assert json.loads(outcome.stdout)["backup"] is None
    assert backups(project) == []


def test_nothing_to_do_is_done(migrated, opsctl, project):
    outcome = opsctl("migrate", "upgrade")

    assert outcome.exit_code == 0
    assert "nothing to do" in outcome.stdout
    assert backups(project) == []


def test_dry_run_shows_the_plan_and_changes_nothing(migrated, migrations, opsctl, project):
    migrations("2b", ADD_COLUMN.format(name="sector"))

    outcome = opsctl("migrate", "upgrade", "--dry-run", "--json")

    plan = json.loads(outcome.stdout)
    assert plan["environment"] == "development"
    assert plan["backup"] is True
    assert [step["revision"] for step in plan["pending"]] == ["2b"]
    assert migrated.revision == [FIRST]
    assert backups(project) == []


def test_a_failing_migration_leaves_the_old_schema_and_the_next_try_works(migrated, migrations, opsctl):
    file = migrations("2b", ADD_COLUMN.format(name="sector"), 'op.execute("SELECT * FROM nowhere")')
    before = migrated.columns("symbols")

    failed = opsctl("migrate", "upgrade", "--json")

    assert failed.exit_code == 1
    said = error(failed)
    assert said["cause"] == "migrate.failed"
    assert "2b" in said["message"]
    assert "nowhere" in said["message"]
    assert "\n" not in said["message"]
    assert "Traceback" not in failed.output
    assert (migrated.columns("symbols"), migrated.revision) == (before, [FIRST])

    file.write_text(file.read_text().replace("FROM nowhere", "1").replace("SELECT * 1", "SELECT 1"))
    assert opsctl("migrate", "upgrade").exit_code == 0
    assert migrated.revision == ["2b"]


def test_the_failing_one_of_several_migrations_is_named_and_all_stay_undone(migrated, migrations, opsctl):
    migrations("2b", ADD_COLUMN.format(name="sector"))
    migrations("3c", 'raise RuntimeError("half-way")', down="2b")

    failed = opsctl("migrate", "upgrade", "--json")

    assert "migration 3c failed: half-way" in error(failed)["message"]
    assert migrated.revision == [FIRST]
    assert "sector" not in migrated.columns("symbols")


def test_a_killed_migration_leaves_the_old_schema_and_the_next_try_works(migrated, migrations, opsctl):
    kill = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    file = migrations("2b", ADD_COLUMN.format(name="sector"), kill)

    killed = opsctl("migrate", "upgrade", "--json")

    assert killed.exit_code == 1
    assert error(killed)["cause"] == "migrate.failed"
    assert migrated.revision == [FIRST]
    assert "sector" not in migrated.columns("symbols")

    file.write_text(file.read_text().replace(kill, "pass"))
    assert opsctl("migrate", "upgrade").exit_code == 0


def test_a_revision_this_code_does_not_know_is_told_and_never_touched(migrated, opsctl, project):
    migrated.change("UPDATE alembic_version SET version_num = 'f00d'")

    code, found = status(opsctl)
    refused = opsctl("migrate", "upgrade", "--json")

    assert code == 3
    assert found["current"] == "f00d"
    assert found["problem"]["cause"] == "migrate.unknown_revision"
    assert refused.exit_code == 4
    assert error(refused)["cause"] == "migrate.unknown_revision"
    assert migrated.revision == ["f00d"]
    assert backups(project) == []


def test_two_heads_are_told_and_never_touched(migrated, migrations, opsctl):
    migrations("2b", ADD_COLUMN.format(name="sector"))
    migrations("2c", ADD_COLUMN.format(name="branch"))

    code, found = status(opsctl)
    refused = opsctl("migrate", "upgrade", "--json")

    assert code == 3
    assert found["problem"]["cause"] == "migrate.heads"
    assert "2b" in found["problem"]["message"]
    assert refused.exit_code == 4
    assert migrated.revision == [FIRST]


def test_a_missing_file_is_told_and_never_touched(migrated, migrations, opsctl):
    migrations("3c", ADD_COLUMN.format(name="sector"), down="2b")

    assert status(opsctl)[1]["problem"]["cause"] == "migrate.files"
    assert opsctl("migrate", "upgrade").exit_code == 4


def test_no_backup_no_migration(migrated, migrations, opsctl, project):
    migrations("2b", ADD_COLUMN.format(name="sector"))
    (project / "backups").chmod(0o777)

    refused = opsctl("migrate", "upgrade", "--json")

    assert refused.exit_code in (4, 5), refused.output
    assert migrated.revision == [FIRST]


def test_one_opsctl_at_a_time(migrated, migrations, opsctl, project):
    migrations("2b", ADD_COLUMN.format(name="sector"))

    (project / ".opsctl").mkdir(mode=0o700)
    with (project / ".opsctl" / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        busy = opsctl("migrate", "upgrade", "--json")

    assert busy.exit_code == 6
    assert migrated.revision == [FIRST]


def test_production_is_asked_first(migrated, migrations, opsctl, project):
    migrations("2b", ADD_COLUMN.format(name="sector"))
    become(project, "production")

    unanswered = opsctl("migrate", "upgrade", "--json")
    said = opsctl("migrate", "upgrade", "--yes", "--json")

    assert unanswered.exit_code == 4
    assert error(unanswered)["cause"] == "confirm.missing"
    assert said.exit_code == 0, said.output


def test_every_migration_leaves_one_line_in_the_audit_log(migrated, migrations, opsctl, project):
    migrations("2b", ADD_COLUMN.format(name="sector"))
    opsctl("migrate", "upgrade")

    last = json.loads((project / ".opsctl" / "history.jsonl").read_text().splitlines()[-1])

    assert (last["command"], last["outcome"]) == ("migrate upgrade", "done")
    assert (last["from"], last["to"]) == (FIRST, "2b")


@only_postgres
def test_a_held_table_is_waited_for_outside_the_transaction(migrated, migrations, opsctl, monkeypatch):
    """The reader goes away when the first try has given up: a later one gets through."""
    migrations("2b", ADD_COLUMN.format(name="sector"))
    monkeypatch.setenv("OPSCTL_MIGRATE_LOCK_TIMEOUT_MS", "300")

    with closing(migrated.connect()) as reader:
        reader.execute("SELECT * FROM symbols")
        leaving = threading.Thread(target=leave_after_first_wait, args=(migrated, reader))
        leaving.start()
        outcome = opsctl("migrate", "upgrade", "--json")
        leaving.join()

    assert outcome.exit_code == 0, outcome.output
    assert json.loads(outcome.stdout)["attempts"] > 1


def leave_after_first_wait(database, reader):
    """Roll the reader back once somebody has waited for it and has given up."""
    waiting = (
        "SELECT 1 FROM pg_locks JOIN pg_database ON oid = database WHERE datname = current_database() AND NOT granted"
    )
    for wanted in (True, False):
        deadline = time.monotonic() + 60
        while bool(database.rows(waiting)) is not wanted and time.monotonic() < deadline:
            time.sleep(0.02)
    reader.rollback()


@only_postgres
def test_a_table_that_stays_held_ends_the_tries_and_names_who_holds_it(migrated, migrations, opsctl, monkeypatch):
    migrations("2b", ADD_COLUMN.format(name="sector"))
    monkeypatch.setenv("OPSCTL_MIGRATE_LOCK_TIMEOUT_MS", "200")
    monkeypatch.setenv("OPSCTL_MIGRATE_ATTEMPTS", "2")

    with closing(migrated.connect()) as reader:
        reader.execute("SELECT * FROM symbols")
        outcome = opsctl("migrate", "upgrade", "--json")
        pid = reader.info.backend_pid

    assert outcome.exit_code == 1
    assert error(outcome)["cause"] == "migrate.locked"
    assert f"pid {pid}" in error(outcome)["message"]
    assert migrated.revision == [FIRST]


def test_a_lost_connection_after_the_commit_is_looked_up(migrated, migrations, opsctl):
    migrations("2b", ADD_COLUMN.format(name="sector"), "import atexit, os; atexit.register(os._exit, 9)")

    outcome = opsctl("migrate", "upgrade", "--json")

    assert outcome.exit_code == 0, outcome.output
    assert "outcome was checked" in outcome.stderr
    assert migrated.revision == ["2b"]


def test_a_database_that_does_not_answer_is_exit_5(opsctl, project, migrations):
    set_key(project, "DATABASE_URL", "postgresql+psycopg://nobody:s3cret-word@127.0.0.1:1/nothing")

    for words in (["migrate", "status"], ["migrate", "upgrade"]):
        outcome = opsctl(*words, "--json")
        assert outcome.exit_code == 5, outcome.output
        assert error(outcome)["cause"] == "db.unreachable"
        assert "s3cret-word" not in outcome.output


def test_ctrl_c_in_the_middle_leaves_the_old_schema_and_a_free_lock(migrated, migrations, opsctl, project):
    marker = project / "began"
    migrations("2b", ADD_COLUMN.format(name="sector"), f"import time; open({str(marker)!r}, 'w'); time.sleep(30)")

    running = subprocess.Popen(
        [sys.executable, "-m", "opsctl", "migrate", "upgrade"], stderr=subprocess.PIPE, text=True, cwd=project
    )
    deadline = time.monotonic() + 30
    while not marker.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(running.pid, signal.SIGINT)
    said = running.communicate(timeout=20)[1]

    assert running.returncode == 130
    assert "Traceback" not in said
    assert migrated.revision == [FIRST]
    assert status(opsctl)[0] == 3
