"""The program that ends pytest in a container when whoever started it is gone."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

LEASHED = Path(__file__).parents[5] / "deploy" / "leashed.py"
FOREVER = "import time; print('started', flush=True); time.sleep(600)"
# Ignores what Ctrl-C and a polite request send, and has a child of its own.
STUBBORN = (
    "import signal, subprocess, sys; signal.signal(signal.SIGINT, signal.SIG_IGN);"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "print(child.pid, flush=True); child.wait()"
)


def leashed(limit_s: float, code: str) -> Any:
    words = [sys.executable, str(LEASHED), str(limit_s), sys.executable, "-c", code]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("status", [0, 1, 5])
def test_the_programs_exit_status_is_handed_on(status):
    with leashed(30, f"raise SystemExit({status})") as child:
        assert child.wait(10) == status


def test_what_the_program_complains_about_is_in_the_output():
    with leashed(30, "import sys; print('to stderr', file=sys.stderr)") as child:
        assert child.stdout.read() == "to stderr\n"


def test_it_ends_with_its_standard_input():
    with leashed(30, FOREVER) as child:
        assert child.stdout.readline() == "started\n"

        child.stdin.close()

        assert child.wait(10) == 124


def test_it_ends_when_its_time_is_up():
    started = time.monotonic()

    with leashed(0.5, FOREVER) as child:
        assert child.wait(10) == 124
        assert time.monotonic() - started < 8


def test_death_by_a_signal_is_told_as_a_shell_tells_it():
    with leashed(30, f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})") as child:
        assert child.wait(10) == 137


def test_children_of_a_stubborn_program_end_too():
    with leashed(30, STUBBORN) as child:
        grandchild = int(child.stdout.readline())

        child.stdin.close()

        child.wait(30)
        assert not psutil.pid_exists(grandchild) or psutil.Process(grandchild).status() == psutil.STATUS_ZOMBIE
