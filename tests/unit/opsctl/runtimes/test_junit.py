"""Counting what pytest wrote."""

import pytest

from opsctl.errors import OpsctlError
from opsctl.runtimes import junit

RESULTS = """<?xml version="1.0"?><testsuites><testsuite>
<testcase classname="tests.test_a" name="test_one"/>
<testcase classname="tests.test_a" name="test_two"><failure message="no"/></testcase>
<testcase classname="tests.test_a" name="test_three"><error message="no"/></testcase>
<testcase classname="tests.test_a" name="test_four"><skipped/></testcase>
</testsuite></testsuites>"""


def test_failures_and_errors_both_count_as_failed(tmp_path):
    file = tmp_path / "api.xml"
    file.write_text(RESULTS)

    run = junit.read(file, service="api", status=1)

    assert (run.passed, run.failed, run.skipped) == (1, 2, 1)
    assert run.failures == ("tests.test_a::test_two", "tests.test_a::test_three")


@pytest.mark.parametrize("content", [None, "", "<testsuites><testc"])
def test_run_without_results_is_a_failure_not_a_zero(tmp_path, content):
    file = tmp_path / "api.xml"
    if content is not None:
        file.write_text(content)

    with pytest.raises(OpsctlError, match="status 4 and left no results"):
        junit.read(file, service="api", status=4)
