import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from opsctl import history
from opsctl.errors import Busy, Refused
from opsctl.history import recorded_change
from opsctl.lock import only_one_opsctl
from opsctl.settings import Settings

HOLD = """
import sys, time
from pathlib import Path
from opsctl.lock import only_one_opsctl
with only_one_opsctl(Path(sys.argv[1]), "db backup"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def settings(tmp_path):
    return Settings(project=tmp_path, environment="test", values={})


@pytest.fixture
def holder(settings):
    """Another process that holds the lock."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(settings.state_dir)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert child.stdout
    assert child.stdout.readline() == b"held\n"
    yield child
    child.kill()
    child.wait()
    child.stdout.close()


def lines_of(settings):
    return [json.loads(line) for line in (settings.state_dir / history.FILE_NAME).read_text().splitlines()]


def test_second_command_is_told_who_is_at_work(settings, holder):
    with (
        pytest.raises(Busy, match=rf"db backup is at work \(pid {holder.pid}") as busy,
        only_one_opsctl(settings.state_dir, "up"),
    ):
        pass

    assert busy.value.exit_code == 6


def test_killed_holder_blocks_nobody_and_is_recorded(settings, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()

    with recorded_change(settings, "up"):
        pass

    assert [(line["command"], line["outcome"]) for line in lines_of(settings)] == [
        ("db backup", "killed"),
        ("up", "done"),
    ]


def test_failure_leaves_one_line_with_its_cause(settings):
    with pytest.raises(Refused), recorded_change(settings, "db restore"):
        raise Refused("no", cause="restore.refused")

    (line,) = lines_of(settings)
    assert (line["outcome"], line["exit_code"], line["cause"]) == ("failed", 4, "restore.refused")


def test_interruption_leaves_one_line(settings):
    with pytest.raises(KeyboardInterrupt), recorded_change(settings, "db backup"):
        raise KeyboardInterrupt

    assert [line["outcome"] for line in lines_of(settings)] == ["interrupted"]


def test_changed_line_breaks_the_chain(settings):
    for number in range(3):
        with recorded_change(settings, f"command {number}"):
            time.sleep(0)
    file = settings.state_dir / history.FILE_NAME
    assert history.first_broken_line(file) is None

    file.write_text(file.read_text().replace("command 1", "command 9"))

    assert history.first_broken_line(file) == 2


def test_secrets_never_reach_the_audit_log(settings):
    from opsctl import redaction

    redaction.remember(["canary-secret-value"])
    with recorded_change(settings, "env set canary-secret-value") as facts:
        facts["note"] = "canary-secret-value"

    assert "canary" not in (settings.state_dir / history.FILE_NAME).read_text()


def test_lock_holds_where_not_even_its_note_can_be_written(settings):
    """As on a full disk: a file that cannot grow by a byte."""
    program = (
        "import resource, sys; from pathlib import Path\n"
        "from opsctl.lock import only_one_opsctl\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "with only_one_opsctl(Path(sys.argv[1]), 'down'): print('held')"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, str(settings.state_dir)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
    )

    assert (done.returncode, done.stdout) == (0, "held\n"), done.stderr
