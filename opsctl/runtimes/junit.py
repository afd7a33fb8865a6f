"""What pytest wrote about a run: its JUnit file."""

from pathlib import Path
from xml.etree import ElementTree

from opsctl.errors import OpsctlError
from opsctl.runtimes import TestRun


def read(file: Path, *, service: str, status: int) -> TestRun:
    """Count what the file says. Raises OpsctlError when there is none: pytest ended before its first test."""
    try:
        root = ElementTree.parse(file).getroot()  # noqa: S314  # written by our own pytest a moment ago
    except (OSError, ElementTree.ParseError):
        raise OpsctlError(
            f"pytest ended with status {status} and left no results", cause="test.no_results", hint="look at its output"
        ) from None
    cases = list(root.iter("testcase"))
    failures = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    skipped = [case for case in cases if case.find("skipped") is not None]
    return TestRun(
        service=service,
        status=status,
        passed=len(cases) - len(failures) - len(skipped),
        failed=len(failures),
        skipped=len(skipped),
        junit=file,
        failures=tuple(_test_id(case) for case in failures),
    )


def _test_id(case: ElementTree.Element) -> str:
    return "::".join(part for part in (case.get("classname", ""), case.get("name", "")) if part)
