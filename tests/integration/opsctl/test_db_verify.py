"""opsctl db verify, on both databases."""

import json
import random

import pytest

from opsctl.backups import catalogue, verification
from tests.integration.opsctl.stocked import use_database


def said(outcome):
    return json.loads(outcome.stdout)


@pytest.fixture
def backed_up(stocked, opsctl):
    return catalogue.find(stocked.backups, said(opsctl("db", "backup", "--json"))["id"])


def test_good_backups_are_good(stocked, opsctl, backed_up):
    opsctl("db", "backup")

    outcome = opsctl("db", "verify", "--all", "--json")

    assert outcome.exit_code == 0
    assert [(one["ok"], one["cause"]) for one in said(outcome)["checked"]] == [(True, None), (True, None)]


def test_damaged_backup_is_found_by_name_and_by_all(stocked, opsctl, backed_up):
    with (backed_up.path / "manifest.json").open("a") as file:
        file.write(" {}")

    for words in ((backed_up.id,), ("--all",), ("latest",)):
        outcome = opsctl("db", "verify", *words, "--json")
        assert outcome.exit_code == 3
        (checked,) = said(outcome)["checked"]
        assert (checked["id"], checked["ok"], checked["cause"]) == (backed_up.id, False, "backup.corrupt")


def test_damaged_backup_is_listed_as_such(stocked, opsctl, backed_up):
    (backed_up.path / "manifest.json").unlink()

    (one,) = said(opsctl("db", "backups", "--json"))["backups"]

    assert (one["ok"], one["cause"]) == (False, "backup.corrupt")


def test_hashes_are_compared_when_the_server_is_away(stocked, opsctl, backed_up):
    use_database(stocked.project, "postgresql+psycopg://nobody@127.0.0.1:1/nothing")

    assert opsctl("db", "verify", "--json").exit_code == 0


def test_missing_backup_and_wrong_name(sqlite, opsctl):
    assert opsctl("db", "verify", "20260101T000000Z-0001").exit_code == 4
    assert opsctl("db", "verify", "../data").exit_code == 2
    assert opsctl("db", "verify").exit_code == 4
    assert said(opsctl("db", "verify", "--all", "--json")) == {"checked": []}


def test_every_flipped_bit_and_every_cut_is_found(stocked, backed_up):
    chance = random.Random(f"{stocked.kind}-20261123")
    for file in backed_up.path.iterdir():
        whole = file.read_bytes()
        for _ in range(120):
            damaged = bytearray(whole)
            damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
            cut = whole[: chance.randrange(len(whole))]
            for content in (bytes(damaged), cut, whole + b"\0"):
                file.write_bytes(content)
                checked = verification.check(backed_up, None)
                assert checked.cause == "backup.corrupt", file.name
        file.write_bytes(whole)
    assert verification.check(backed_up, None).ok
