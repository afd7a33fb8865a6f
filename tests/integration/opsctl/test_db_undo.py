"""opsctl db undo, on both databases."""

import json

import pytest

from tests.integration.opsctl.stocked import PEOPLE


@pytest.fixture
def restored(stocked, opsctl):
    """Dora came after the backup that was restored, so she is gone."""
    opsctl("db", "backup")
    stocked.add("dora")
    outcome = opsctl("db", "restore", "latest", "--yes", "--json")
    assert outcome.exit_code == 0, outcome.output
    return json.loads(outcome.stdout)


def test_undo_goes_back_to_what_was_live_before_the_restore(stocked, opsctl, restored):
    outcome = opsctl("db", "undo", "--yes", "--json")

    assert outcome.exit_code == 0, outcome.output
    done = json.loads(outcome.stdout)
    assert done["restored"] == restored["previous"]
    assert done["write_downtime_seconds"] <= 1
    assert stocked.people() == [*PEOPLE, "dora"]


def test_second_undo_takes_the_first_one_back(stocked, opsctl, restored):
    opsctl("db", "undo", "--yes")
    stocked.add("erin")

    outcome = opsctl("db", "undo", "--yes")

    assert outcome.exit_code == 0, outcome.output
    assert stocked.people() == list(PEOPLE)


def test_dry_run_shows_what_comes_back(stocked, opsctl, restored):
    plan = json.loads(opsctl("db", "undo", "--dry-run", "--json").stdout)

    assert plan["comes"] == restored["previous"]
    assert plan["rows_that_come"]["people"] == len(PEOPLE) + 1
    assert stocked.people() == list(PEOPLE)


def test_undo_is_asked_about_as_a_restore_is(stocked, opsctl, restored):
    outcome = opsctl("db", "undo", "--json")

    assert outcome.exit_code == 4
    assert stocked.people() == list(PEOPLE)


def test_nothing_to_go_back_to_is_said(stocked, opsctl):
    outcome = opsctl("db", "undo", "--yes", "--json")

    assert outcome.exit_code == 4
    assert json.loads(outcome.stdout)["error"]["cause"] == "undo.nothing"


def test_only_so_many_old_databases_are_kept(stocked, opsctl, monkeypatch):
    monkeypatch.setenv("OPSCTL_RESTORE_KEEP_PREVIOUS", "1")
    opsctl("db", "backup")
    for name in ("dora", "erin"):
        stocked.add(name)
        assert opsctl("db", "restore", "latest", "--yes").exit_code == 0

    assert opsctl("db", "undo", "--yes").exit_code == 0

    assert stocked.people()[-1] == "erin"
    if stocked.kind == "sqlite":
        assert len(list(stocked.file.parent.glob("app.db.before-*"))) == 1
    else:
        kept = stocked.run("SELECT datname FROM pg_database WHERE datname LIKE ?", f"{stocked.name}_before%")
        assert len(kept) == 1
