import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from opsctl import process
from opsctl.errors import NotReady, OpsctlError


def python(code):
    return (sys.executable, "-c", code)


def test_output_comes_back():
    assert process.run(python("print('하나')")) == "하나\n"


def test_failure_shows_the_last_lines_and_the_status():
    with pytest.raises(process.ProgramFailed) as failed:
        process.run(python("import sys; sys.stderr.write('no such table\\n'); sys.exit(3)"))

    assert failed.value.status == 3
    assert "no such table" in str(failed.value)


def test_missing_program_is_not_ready():
    with pytest.raises(NotReady) as missing:
        process.run(("no-such-program-here",))

    assert missing.value.cause == "tool.missing"


def test_secrets_travel_in_the_environment_only(capfd):
    shown = process.run(python("import os; print(os.environ['PGPASSWORD'])"), secrets={"PGPASSWORD": "s3cret-word"})

    assert shown == "s3cret-word\n"
    assert "s3cret-word" not in capfd.readouterr().err


def test_program_that_hangs_is_ended():
    with pytest.raises(OpsctlError) as late:
        process.run(python("import time; time.sleep(60)"), timeout_s=0.3)

    assert late.value.cause == "program.timeout"


def test_stream_of_a_program_that_fails_is_a_failure():
    with (
        pytest.raises(process.ProgramFailed),
        process.output_of(python("import sys; print('half'); sys.stderr.write('x' * 200_000); sys.exit(1)")) as stream,
    ):
        assert stream.read() == b"half\n"


def test_child_dies_with_a_parent_that_was_killed():
    parent = subprocess.Popen(
        python(
            "import sys\nfrom opsctl import process\n"
            f"process.run(({sys.executable!r}, '-c', 'import os, time; print(os.getpid()); time.sleep(60)'))"
        ),
        stderr=subprocess.DEVNULL,
    )
    child = _only_child_of(parent.pid)

    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()

    psutil.wait_procs([child], timeout=5)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def _only_child_of(pid):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if children := psutil.Process(pid).children():
            return children[0]
        time.sleep(0.05)
    raise AssertionError("the parent never started its child")
