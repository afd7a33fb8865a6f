"""opsctl deps …"""

import typer

from opsctl.command_tree import group_of

COMMANDS = {
    "check": "Compare imports, pyproject.toml, the lock and what really runs; name what closes each gap.",
}

app = typer.Typer(
    cls=group_of(__name__, COMMANDS),
    no_args_is_help=True,
    help="Compare imports, pyproject, lock and what runs.",
    epilog="Exit codes: 0 no gap · 1 a source file is not Python · 3 gaps found · 5 a file is missing",
)


@app.callback()
def deps() -> None: ...  # makes it a group
