"""What /ready may say, and what else may answer at its port."""

import json

import pytest

from opsctl.readiness import Job, Part, Readiness, ask, understand


def test_answer_of_the_api_is_understood():
    answer = {
        "status": "degraded",
        "parts": {"bot": {"status": "failed", "detail": "401", "age_seconds": 3}, "database": {"status": "ok"}},
        "jobs": {"check": {"last_run_at": "2026-11-23T01:00:00Z", "age_seconds": 2.5, "outcome": "ok"}},
    }

    assert understand(json.dumps(answer).encode()) == Readiness(
        status="degraded",
        parts={"bot": Part("failed", "401", 3.0), "database": Part("ok")},
        jobs={"check": Job("2026-11-23T01:00:00Z", 2.5, "ok")},
    )


@pytest.mark.parametrize(
    "answer",
    [b"", b"<html>", b"[]", b"null", b"{}", b'{"parts": []}', b"\xff\xfe", b"[" * 100_000, b'{"status": "ok"}'],
)
def test_answer_of_another_program_is_none(answer):
    assert understand(answer) is None


def test_odd_values_do_not_spread():
    answer = b'{"status": 1, "parts": {"bot": {"age_seconds": "old", "detail": null}, "x": 3}, "jobs": []}'

    assert understand(answer) == Readiness(status="1", parts={"bot": Part("", "", None)}, jobs={})


def test_nobody_at_the_port_is_none():
    assert ask("http://127.0.0.1:9", timeout_s=1) is None
