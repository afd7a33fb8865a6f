"""Which process is ours."""

import os
import subprocess
import sys

import pytest

from opsctl.runtimes.local import record
from opsctl.runtimes.local.record import Record
from opsctl.settings import Settings


@pytest.fixture
def settings(tmp_path):
    (tmp_path / ".opsctl").mkdir()
    return Settings(project=tmp_path, environment="test", values={})


def record_of(pid: int, born: str) -> Record:
    return Record(
        pid=pid,
        born=born,
        started_at=0.5,
        url="http://127.0.0.1:8000",
        environment="test",
        values={"API_PORT": "ab"},
        code="c",
        requirements="r",
    )


def test_record_survives_the_file(settings):
    kept = record_of(os.getpid(), record.born(os.getpid()))

    record.write(settings, kept)

    assert record.read(settings) == kept
    assert (settings.state_dir / "app.pid").stat().st_mode & 0o777 == 0o600


def test_recorded_process_is_ours(settings):
    record.write(settings, record_of(os.getpid(), record.born(os.getpid())))

    found = record.process_of(settings)

    assert found is not None
    assert found.pid == os.getpid()


def test_same_number_with_another_birth_is_not_ours(settings):
    record.write(settings, record_of(os.getpid(), "another boot/12345"))

    assert record.process_of(settings) is None


def test_two_processes_have_two_births():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert record.born(child.pid) != record.born(os.getpid())
        assert record.born(child.pid) == record.born(child.pid)


def test_zombie_is_dead():
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    assert not record.is_alive(child.pid)
    child.wait()


@pytest.mark.parametrize("content", ["", "[]", "null", "{}", '{"pid": 1}', "\x00", '{"pid": {}, "born": 1}'])
def test_record_that_makes_no_sense_is_none(settings, content):
    (settings.state_dir / "app.pid").write_text(content)

    assert record.read(settings) is None
    assert record.process_of(settings) is None
