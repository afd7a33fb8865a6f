"""The folders that containers write into, with owners that let them."""

import os
from pathlib import Path

from opsctl import console, environment
from opsctl.errors import NotReady
from opsctl.settings import Settings

APP_USER = 10001  # the image's own user
PROXY_CONFIGURATION = Path("deploy") / "haproxy"


def prepare(settings: Settings) -> None:
    """Make `logs` and `backups`, and open the proxy's configuration to the proxy.

    The logs belong to the user the containers run as. Root gives them to the image's user. Anybody else
    cannot, so the containers run as that person: APP_UID and APP_GID go into the environment file, where
    `docker compose` typed by hand finds them too.
    """
    _let_the_proxy_read(settings.project / PROXY_CONFIGURATION)
    for folder in (settings.state_dir, settings.backup_dir, settings.project / "backups"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    logs = settings.project / "logs"
    logs.mkdir(mode=0o750, exist_ok=True)
    user, group = _owner(settings)
    if logs.stat().st_uid == user:
        return
    if os.geteuid() == 0:
        for path in (logs, *logs.iterdir()):
            os.chown(path, user, group, follow_symlinks=False)
    elif logs.stat().st_uid == os.geteuid() and "APP_UID" not in settings.values:
        _run_as_this_user(settings)
    else:
        raise NotReady(
            f"{logs} belongs to another user than the containers (user id {user})",
            cause="folder.owner",
            hint=f"sudo chown -R {user}:{group} {logs}",
        )


def _let_the_proxy_read(folder: Path) -> None:
    """A checkout made under umask 077 is closed to the proxy's user; there is no secret in it."""
    if not folder.is_dir():
        raise NotReady(f"{folder} is missing", cause="project.incomplete", hint=f"git checkout -- {folder}")
    for path in (folder, *folder.iterdir()):
        wanted = 0o755 if path.is_dir() else 0o644
        mode = path.stat().st_mode & 0o777
        if mode & wanted == wanted:
            continue
        try:
            path.chmod(mode | wanted)
        except PermissionError:
            raise NotReady(
                f"the proxy cannot read {path}", cause="folder.owner", hint=f"sudo chmod {wanted:o} {path}"
            ) from None


def _owner(settings: Settings) -> tuple[int, int]:
    """Who the containers run as. Raises NotReady when the environment file does not say a number."""
    # read again: this very command may have written them
    values = {**settings.values, **_in_file(settings.env_file)}
    texts = [values.get(key) or str(APP_USER) for key in ("APP_UID", "APP_GID")]
    if not all(text.isascii() and text.isdigit() for text in texts):
        raise NotReady(
            "APP_UID and APP_GID must be numbers", cause="environment.value", hint=f"edit {settings.env_file.name}"
        )
    return int(texts[0]), int(texts[1])


def _in_file(file: Path) -> dict[str, str]:
    return environment.read(file) if file.exists() else {}


def _run_as_this_user(settings: Settings) -> None:
    if "APP_UID" in _in_file(settings.env_file):
        return
    console.progress(f"containers run as you (user id {os.geteuid()}): APP_UID goes into {settings.env_file.name}")
    with settings.env_file.open("a", encoding="utf-8") as file:
        file.write(
            f"\n# Who the containers run as: the owner of logs/.\nAPP_UID={os.geteuid()}\nAPP_GID={os.getegid()}\n"
        )
