"""python -m app check: would it start?"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def check(**settings):
    known = {"APP_ENV": "test", "JWT_SECRET_KEY": "k" * 32, "DATABASE_URL": "sqlite:///nowhere/app.db"}
    return subprocess.run(
        [sys.executable, "-m", "app", "check"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **known, **settings},
    )


def test_good_settings_start_and_nothing_is_touched():
    done = check()

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [({"QUOTE_PROVIDER": "rumours"}, "QUOTE_PROVIDER"), ({"JWT_SECRET_KEY": ""}, "JWT_SECRET_KEY is missing")],
)
def test_settings_that_would_not_start_are_named_in_one_line(settings, complaint):
    done = check(**settings)

    assert done.returncode == 5
    assert done.stderr.startswith(f"not ready: {complaint}")
    assert len(done.stderr.splitlines()) == 1
