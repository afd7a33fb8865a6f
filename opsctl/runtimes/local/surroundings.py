"""What the process is given: its environment, its code, its port."""

import socket
from dataclasses import dataclass

import psutil

from opsctl import fingerprint
from opsctl.errors import NotReady
from opsctl.runtimes.local.record import Record
from opsctl.settings import Settings

REQUIREMENTS = "requirements"
DEFAULT_DATABASE = "sqlite:///data/app.db"
EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104  # recognised here, never chosen


@dataclass(frozen=True)
class Address:
    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


def environment_of(settings: Settings) -> dict[str, str]:
    """The keys the app reads; empty ones are left to its defaults."""
    given = {key: value for key, value in settings.values.items() if value}
    return {
        "DATABASE_URL": DEFAULT_DATABASE,
        "HEARTBEAT_DIR": "data/heartbeats",
        **given,
        "APP_ENV": settings.environment,
        "LOG_DIR": str(settings.logs_dir),
        "PYTHONUNBUFFERED": "1",
    }


def changes_since(record: Record, settings: Settings) -> tuple[str, ...]:
    """What is different from what the process was started with: `env (KEYS)`, `code`, `requirements`."""
    key = fingerprint.key_of(settings.state_dir)
    now = fingerprint.of_values(environment_of(settings), key) if key else {}
    changed = sorted(name for name in {*now, *record.values} if now.get(name) != record.values.get(name))
    found = [f"env ({', '.join(changed)})"] if changed else []
    if code_of(settings) != record.code:
        found.append("code")
    if requirements_of(settings) != record.requirements:
        found.append(REQUIREMENTS)
    return tuple(found)


def code_of(settings: Settings) -> str:
    return fingerprint.of_files((settings.project / "app").rglob("*.py"), settings.project)


def requirements_of(settings: Settings) -> str:
    return fingerprint.of_files([settings.project / "requirements.txt"], settings.project)


def address_of(settings: Settings) -> Address:
    """Where the API answers. Raises NotReady when API_PORT is not a port."""
    host = settings.values.get("API_HOST", "")
    text = settings.values.get("API_PORT") or "8000"
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise NotReady(
            f"API_PORT must be a number from 1 to 65535, not {text!r}",
            cause="environment.value",
            hint=f"edit {settings.env_file.name}",
        )
    return Address("127.0.0.1" if host in EVERYWHERE else host, int(text))


def require_free_port(settings: Settings) -> None:
    """Raises NotReady, with the process that has it, when somebody else listens where the API is to answer."""
    address = address_of(settings)
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except OSError as error:
            raise NotReady(
                f"port {address.port} of {address.host} is taken{_by_whom(address.port)} ({error.strerror})",
                cause="port.taken",
                hint=f"end that program, or set another API_PORT in {settings.env_file.name}",
            ) from None


def _by_whom(port: int) -> str:
    try:
        listening = (one for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN)
        pid = next(one.pid for one in listening if one.pid and getattr(one.laddr, "port", 0) == port)
        return f" by pid {pid} ({psutil.Process(pid).name()})"
    except (psutil.Error, StopIteration, OSError):  # another user's process: the kernel does not tell us
        return " by another program"
