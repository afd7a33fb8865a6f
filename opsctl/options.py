"""Options that mean the same everywhere."""

from typing import Annotated, Literal

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the plan and change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask where a question may be skipped.")]
Confirm = Annotated[
    str, typer.Option("--confirm", metavar="NAME", help="The database's name: production wants it typed.")
]
Environment = Annotated[
    Literal["development", "production", "test"] | None,
    typer.Option("--env", metavar="NAME", help="development, production or test; the project folder remembers it."),
]
Runtime = Annotated[
    Literal["local", "compose"] | None,
    typer.Option("--runtime", metavar="NAME", help="local or compose; chosen by what answers otherwise."),
]
Services = Annotated[list[str] | None, typer.Argument(metavar="SERVICE", help="All services if none is named.")]
