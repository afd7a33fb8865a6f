"""Whether today's code and settings would start, asked before what runs is stopped for them."""

import sys

from opsctl import process
from opsctl.errors import NotReady
from opsctl.runtimes.local.surroundings import environment_of
from opsctl.settings import Settings

QUESTION = ["-m", "app", "check"]
STARTS, DOES_NOT_KNOW_THE_QUESTION = 0, 2
TIMEOUT_S = 60


def require_startable(settings: Settings) -> None:
    """Raises NotReady with the app's own reason; the old process goes on. Older code cannot be asked."""
    asked = [sys.executable, *QUESTION]
    answer = process.attempt(
        asked, secrets=environment_of(settings), cwd=settings.project, timeout_s=TIMEOUT_S, quiet=True
    )
    if answer.status in (STARTS, DOES_NOT_KNOW_THE_QUESTION):
        return
    reason = (answer.stderr.strip().splitlines() or [f"python -m app check ended with status {answer.status}"])[-1]
    missing = reason.startswith("ModuleNotFoundError")
    raise NotReady(
        f"the service would not start again, so it was left running: {reason.removeprefix('not ready: ')}",
        cause="service.unstartable",
        hint="opsctl deps check" if missing else f"edit {settings.env_file.name}, or what was changed in the code",
    )
