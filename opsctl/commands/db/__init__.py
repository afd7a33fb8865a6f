"""opsctl db …"""

import typer

from opsctl.command_tree import group_of

COMMANDS = {
    "backup": "Take one verified backup of the database, then let the oldest ones go.",
    "backups": "List the backups, the newest first.",
    "verify": "Prove that backups are what they were when they were taken.",
    "restore": "Bring a backup back beside the live database, compare, and swap.",
    "undo": "Go back to the database that was live before the last restore.",
}

app = typer.Typer(
    cls=group_of(__name__, COMMANDS),
    no_args_is_help=True,
    help="Back up, verify and restore the database.",
    epilog="Exit codes: 0 done · 1 failed · 3 a backup is bad · 4 refused, nothing changed · 5 not ready · 6 busy",
)


@app.callback()
def db() -> None: ...  # makes it a group
