"""opsctl db verify"""

from typing import Annotated, Any

import typer

from opsctl import console, runtimes
from opsctl.backups import catalogue
from opsctl.backups.names import LATEST
from opsctl.backups.verification import Checked, check
from opsctl.databases import Place
from opsctl.errors import NotReady, ProblemsFound
from opsctl.options import AsJson, Environment, Runtime
from opsctl.settings import Settings, load_settings


def verify(
    backup: Annotated[str, typer.Argument(metavar="ID", help="A backup, or latest.")] = LATEST,
    all_of_them: Annotated[bool, typer.Option("--all", help="Every backup there is.")] = False,
    as_json: AsJson = False,
    env: Environment = None,
    runtime: Runtime = None,
) -> None:
    """Prove that backups are what they were when they were taken.

    Looks at manifest and SHA-256, and reads all of it. No database is touched. Where the database's programs
    cannot be reached, the hash alone is compared.

    Exit codes: 0 all are good, 2 not a backup's name, 3 one is bad, 4 there is no such backup, 5 not ready.
    """
    settings = load_settings(env=env, runtime=runtime)
    folder = settings.backup_dir
    entries = catalogue.newest_first(folder) if all_of_them else [catalogue.find(folder, backup)]
    tools = place_of_tools(settings)
    checked = [check(entry, tools) for entry in entries]
    console.result({"checked": checked}, as_json=as_json, show=lambda: shown(checked))
    if not all(one.ok for one in checked):
        raise typer.Exit(ProblemsFound.exit_code)


def place_of_tools(settings: Settings) -> Place | None:
    """Where the programs are that can read a dump; None when they cannot be reached."""
    try:
        return runtimes.chosen(settings).database(settings)
    except NotReady as error:
        console.warning(f"{error}; comparing hashes only")
        return None


def shown(checked: list[Checked]) -> list[Any]:
    if not checked:
        return ["there are no backups yet"]
    return [
        console.coloured(f"✓ {one.id} is good ({one.seconds:.1f} s)", "green")
        if one.ok
        else console.coloured(f"✗ {one.message}", "red")
        for one in checked
    ]
