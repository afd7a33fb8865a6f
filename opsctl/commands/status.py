"""opsctl status"""

import typer

from opsctl import console, overview, runtimes, screen
from opsctl.options import AsJson, Environment, Runtime
from opsctl.settings import load_settings

PROBLEMS_FOUND = 3


def status(env: Environment = None, runtime: Runtime = None, as_json: AsJson = False) -> None:
    """Show one screen of truth about the system.

    Services, database, last backup, what is wrong and what to type about it. Works when the app, the engine
    or the database is down, and says which. Changes nothing.

    Exit codes: 0 all is well, 3 something is not, 5 the folder or a setting is not ready.

    Example: opsctl status --json
    """
    settings = load_settings(env=env, runtime=runtime)
    found = overview.read(runtimes.chosen(settings), settings)
    console.result(found, as_json=as_json, show=lambda: screen.of(found))
    if not found.healthy:
        raise typer.Exit(PROBLEMS_FOUND)
