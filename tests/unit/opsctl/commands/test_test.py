"""opsctl test: which words are services, which are pytest's, and what pytest's end means."""

import pytest
import typer

from opsctl.commands.test import judged, understood
from opsctl.errors import NotReady, OpsctlError
from opsctl.runtimes import TestRun as Run


@pytest.mark.parametrize(
    ("words", "services", "arguments"),
    [
        ([], ("api",), ()),
        (["bot"], ("bot",), ()),
        (["api", "bot", "api"], ("api", "bot"), ()),
        (["api", "-k", "alerts"], ("api",), ("-k", "alerts")),
        (["-x"], ("api",), ("-x",)),
        (["bot", "tests/unit/app::test_one"], ("bot",), ("tests/unit/app::test_one",)),
    ],
)
def test_leading_words_are_services_and_the_rest_is_for_pytest(tmp_path, words, services, arguments):
    (tmp_path / "tests" / "unit" / "app").mkdir(parents=True)

    assert understood(tmp_path, words) == (services, arguments)


def test_a_word_that_is_neither_service_nor_path_is_wrong(tmp_path):
    with pytest.raises(typer.BadParameter, match="scheduler"):
        understood(tmp_path, ["web"])


def run(status: int, tmp_path) -> Run:
    return Run("api", status, passed=1, failed=0, skipped=0, junit=tmp_path / "api.xml")


@pytest.mark.parametrize("status", [0, 1])
def test_a_run_that_came_to_its_end_is_a_result(tmp_path, status):
    assert judged(run(status, tmp_path)).status == status


@pytest.mark.parametrize(
    ("status", "error", "cause"),
    [(2, OpsctlError, "test.broken"), (3, OpsctlError, "test.broken"), (5, NotReady, "test.none")],
)
def test_a_run_that_did_not_is_a_failure_with_its_cause(tmp_path, status, error, cause):
    with pytest.raises(error) as failed:
        judged(run(status, tmp_path))

    assert failed.value.cause == cause


def test_words_that_pytest_does_not_know_are_wrong_words(tmp_path):
    with pytest.raises(typer.BadParameter):
        judged(run(4, tmp_path))
