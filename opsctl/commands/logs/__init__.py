"""opsctl logs …"""

import typer

from opsctl.command_tree import group_of

COMMANDS = {
    "list": "Show every log: where it is, its size and age, what rotated.",
    "check": "Prove that rotation works, and find logs that grow, vanish or fall silent.",
    "tail": "Show the last lines of all services in the order of time, and follow them.",
}

app = typer.Typer(
    cls=group_of(__name__, COMMANDS),
    no_args_is_help=True,
    help="List, check and follow log files.",
    epilog="Exit codes: 0 done · 2 wrong words · 3 problems found · 5 there are no logs yet",
)


@app.callback()
def logs() -> None: ...  # makes it a group
