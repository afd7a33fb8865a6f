"""The only module that starts other programs."""

import ctypes
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from opsctl import console
from opsctl.errors import NotReady, OpsctlError

STDERR_LINES_SHOWN = 20
_PR_SET_PDEATHSIG = 1


class ProgramFailed(OpsctlError):
    """A program ended with an exit status other than 0 (negative: by that signal)."""

    def __init__(self, argv: Sequence[str], status: int, stderr: str, cause: str = "program.failed") -> None:
        last_lines = "\n".join(stderr.splitlines()[-STDERR_LINES_SHOWN:])
        how = f"died of signal {-status}" if status < 0 else f"ended with status {status}"
        super().__init__(f"{argv[0]} {how}\n{last_lines}".strip(), cause=cause, hint=shlex.join(argv))
        self.status = status
        self.stderr = stderr


@dataclass(frozen=True)
class Completed:
    status: int
    stdout: str
    stderr: str


def run(
    argv: Sequence[str],
    *,
    secrets: Mapping[str, str] | None = None,
    stdin_from: IO[bytes] | None = None,
    stdin: bytes | None = None,
    stdout_to: Path | None = None,
    cwd: Path | None = None,
    timeout_s: float = 600,
    quiet: bool = False,
) -> str:
    """Run a program to its end and return what it printed; raises ProgramFailed unless it ended with 0.

    Secrets travel in the environment: argv is printed, and every user of the machine can read it.
    """
    done = attempt(
        argv,
        secrets=secrets,
        stdin_from=stdin_from,
        stdin=stdin,
        stdout_to=stdout_to,
        cwd=cwd,
        timeout_s=timeout_s,
        quiet=quiet,
    )
    if done.status != 0:
        raise ProgramFailed(argv, done.status, done.stderr)
    return done.stdout


def attempt(
    argv: Sequence[str],
    *,
    secrets: Mapping[str, str] | None = None,
    stdin_from: IO[bytes] | None = None,
    stdin: bytes | None = None,
    stdout_to: Path | None = None,
    cwd: Path | None = None,
    timeout_s: float = 600,
    quiet: bool = False,
) -> Completed:
    """Run a program to its end, whatever its exit status says.

    Raises NotReady when it is not installed and OpsctlError when it outlives `timeout_s`.
    """
    _say(argv, quiet)
    with _output(stdout_to) as stdout, _started(argv, secrets, cwd, stdin, stdin_from, stdout) as child:
        try:
            out, err = child.communicate(stdin, timeout=timeout_s)
        except subprocess.TimeoutExpired:
            raise OpsctlError(
                f"{argv[0]} did not end within {timeout_s:g} seconds", cause="program.timeout", hint=shlex.join(argv)
            ) from None
    return Completed(child.returncode, _text(out), _text(err))


def passthrough(
    argv: Sequence[str], *, secrets: Mapping[str, str] | None = None, cwd: Path | None = None, to_stderr: bool = True
) -> int:
    """Run a program whose output belongs to the operator's eyes as it comes; return its exit status."""
    _say(argv, quiet=False)
    target = sys.stderr.fileno() if to_stderr else None
    with _started(argv, secrets, cwd, None, None, target, stderr=None) as child:
        return child.wait()


@contextmanager
def conversation(argv: Sequence[str], *, secrets: Mapping[str, str] | None = None) -> Iterator["subprocess.Popen[str]"]:
    """Hold a program open and talk to it line by line; it is ended when the block is left."""
    _say(argv, quiet=False)
    try:
        child = subprocess.Popen(
            argv,
            env=os.environ | dict(secrets or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            preexec_fn=_die_with_parent,
        )
    except FileNotFoundError:
        raise _missing(argv) from None
    try:
        yield child
    finally:
        _end(child)


@contextmanager
def output_of(argv: Sequence[str], *, secrets: Mapping[str, str] | None = None) -> Iterator[IO[bytes]]:
    """Stream what a program prints; raises ProgramFailed at the block's end unless it ended with 0."""
    _say(argv, quiet=False)
    # stderr goes to a file: a pipe that nobody empties would stop the program once it is full
    with (
        TemporaryFile() as stderr,
        _started(argv, secrets, None, None, None, subprocess.PIPE, stderr=stderr.fileno()) as child,
    ):
        assert child.stdout  # a pipe
        yield child.stdout
        if child.wait() != 0:
            stderr.seek(0)
            raise ProgramFailed(argv, child.returncode, _text(stderr.read()))


def start_in_background(argv: Sequence[str], *, environment: Mapping[str, str], errors: Path, cwd: Path) -> int:
    """Start a program that outlives us, in a session of its own; return its process id.

    Its stdout is dropped: a file nobody rotates would fill the disk. It is expected to keep its own log.
    """
    _say(argv, quiet=False)
    with errors.open("ab") as log:
        child = subprocess.Popen(
            argv,
            env=dict(environment),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )
    return child.pid


@contextmanager
def _started(
    argv: Sequence[str],
    secrets: Mapping[str, str] | None,
    cwd: Path | None,
    stdin: bytes | None,
    stdin_from: IO[bytes] | None,
    stdout: int | IO[bytes] | None,
    stderr: int | None = subprocess.PIPE,
) -> Iterator["subprocess.Popen[bytes]"]:
    try:
        child = subprocess.Popen(
            argv,
            env=os.environ | dict(secrets or {}),
            cwd=cwd,
            stdin=stdin_from or (subprocess.PIPE if stdin is not None else subprocess.DEVNULL),
            stdout=stdout,
            stderr=stderr,
            preexec_fn=_die_with_parent,
        )
    except FileNotFoundError:
        raise _missing(argv) from None
    try:
        yield child
    finally:
        _end(child)


@contextmanager
def _output(path: Path | None) -> Iterator[int | IO[bytes]]:
    if path is None:
        yield subprocess.PIPE
        return
    with path.open("wb") as target:
        yield target


def _end(child: "subprocess.Popen[bytes] | subprocess.Popen[str]") -> None:
    """Whatever left the block, no program of ours goes on behind the operator's back."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe:
            try:
                pipe.close()
            except BrokenPipeError:  # it ended before it read all of its input; its status says so
                continue


def _die_with_parent() -> None:
    # A dump program whose opsctl was killed would go on writing a file that nobody owns (measured: it does).
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _missing(argv: Sequence[str]) -> NotReady:
    return NotReady(f"{argv[0]} is not installed", cause="tool.missing", hint=f"install {argv[0]} and try again")


def _say(argv: Sequence[str], quiet: bool) -> None:
    if not quiet:
        console.progress(f"+ {shlex.join(argv)}")


def _text(output: bytes | None) -> str:
    return (output or b"").decode(errors="replace")
