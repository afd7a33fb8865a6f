"""opsctl migrate …"""

import typer

from opsctl.command_tree import group_of

COMMANDS = {
    "status": "Show at which revision the database is, and which migrations wait.",
    "upgrade": "Back the database up, then bring it to the code's revision.",
}

app = typer.Typer(
    cls=group_of(__name__, COMMANDS),
    no_args_is_help=True,
    help="Look at and apply schema migrations.",
    epilog="Exit codes: 0 done · 1 failed, old schema kept · 3 migrations wait · 4 refused · 5 not ready · 6 busy",
)


@app.callback()
def migrate() -> None: ...  # makes it a group
