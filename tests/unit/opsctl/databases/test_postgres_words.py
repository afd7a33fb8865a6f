"""What is said to PostgreSQL's programs, and how their answers are understood."""

from pathlib import Path

import pytest

from opsctl.databases import Place
from opsctl.databases.postgres import dumping, psql
from opsctl.databases.postgres.failures import failure_of
from opsctl.errors import NotReady, OpsctlError

HERE = Place("postgresql", "stock alert's", user="ops", host="db.example", secrets={"PGPASSWORD": "s3cret-pw"})
INSIDE = Place(
    "postgresql",
    "stockalert",
    user="stockalert",
    prefix=("docker", "exec", "-i", "db-1"),
    secrets={"PGPASSWORD": "s3cret-pw"},
    folders={Path("/srv/backups"): "/backups"},
)


def test_connection_holds_no_password_and_quotes_what_needs_it():
    said = psql.connection(HERE)

    assert "s3cret" not in said
    assert "host=db.example" in said
    assert r"dbname='stock alert\'s'" in said


def test_container_gets_variables_by_name_and_runs_as_the_folders_owner(tmp_path):
    words = psql.words(INSIDE, "pg_dump", "--version", run_as=tmp_path)

    owner = tmp_path.stat()
    assert "PGPASSWORD" in words
    assert "s3cret-pw" not in " ".join(words)
    assert words[-5:] == (f"{owner.st_uid}:{owner.st_gid}", "-i", "db-1", "pg_dump", "--version")
    assert psql.program_in(INSIDE, words) == "pg_dump"


def test_path_is_said_as_the_programs_see_it():
    assert psql.seen_by_programs(INSIDE, Path("/srv/backups/x/app.dump")) == "/backups/x/app.dump"
    assert psql.seen_by_programs(HERE, Path("/srv/backups/x")) == "/srv/backups/x"
    with pytest.raises(NotReady):
        psql.seen_by_programs(INSIDE, Path("/elsewhere/x"))


def test_names_cannot_end_their_quotes():
    assert psql.identifier('a"; DROP DATABASE b; --') == '"a""; DROP DATABASE b; --"'
    assert psql.literal("a'; --") == "'a''; --'"


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("pg_dump (PostgreSQL) 17.5 (Debian 17.5-1.pgdg120+1)\n", "17.5"),
        ("15.18 (Debian 15.18-0+deb12u1)", "15.18"),
        ("18beta1", "18"),
    ],
)
def test_versions_are_read(said, version):
    assert dumping._number(said) == version


@pytest.mark.parametrize(
    ("stderr", "kind", "cause"),
    [
        ('psql: error: ... FATAL:  password authentication failed for user "ops"', NotReady, "db.auth"),
        ('psql: error: ... FATAL:  role "ops" does not exist', NotReady, "db.auth"),
        ('pg_restore: error: could not execute query: ERROR:  role "ops" does not exist', OpsctlError, "db.failed"),
        ('psql: error: ... FATAL:  database "x" does not exist', NotReady, "db.missing"),
        ("psql: error: connection to server at ... failed: Connection refused", NotReady, "db.unreachable"),
        ("psql: error: ... FATAL:  the database system is starting up", NotReady, "db.unreachable"),
        ("psql: error: ... FATAL:  sorry, too many clients already", NotReady, "db.connections"),
        ("Error response from daemon: No such container: db-1", NotReady, "db.unreachable"),
        ("pg_dump: error: query failed: ERROR:  permission denied for table people", NotReady, "db.permission"),
        ("pg_dump: error: could not write to file: No space left on device", OpsctlError, "disk.full"),
        ("pg_restore: error: unsupported version (1.16) in file header", NotReady, "tool.version"),
        ("pg_dump: error: server closed the connection unexpectedly", OpsctlError, "db.connection_lost"),
        ("something new", OpsctlError, "db.failed"),
    ],
)
def test_failures_have_causes(stderr, kind, cause):
    found = failure_of(HERE, "psql", 2, stderr)

    assert type(found) is kind
    assert found.cause == cause
    assert found.hint


def test_program_that_was_killed_is_told_as_such_here_and_in_a_container():
    assert str(failure_of(HERE, "pg_dump", -9, "")) == "pg_dump died (signal 9)"
    assert str(failure_of(INSIDE, "pg_dump", 137, "")) == "pg_dump died (signal 9)"
