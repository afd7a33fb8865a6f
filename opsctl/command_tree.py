"""Groups whose commands are imported when they are used, so that --help costs no more than Typer itself."""

import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


class LazyGroup(TyperGroup):
    """A group that knows the names and first lines of its commands and imports one when it is called.

    The command `NAME` of the folder `package` is the function `NAME` in `package/NAME.py`, or the
    Typer app in `package/NAME/__init__.py`.
    """

    package: str
    first_lines: Mapping[str, str]

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.first_lines)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.first_lines:
            return None
        return TyperCommand(cmd_name, help=self.first_lines[cmd_name])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        self.commands = {name: self.get_command(ctx, name) for name in self.first_lines}  # for "did you mean"
        name, stub, rest = super().resolve_command(ctx, args)
        return name, self.load(name) if stub and name else None, rest

    def load(self, name: str) -> Any:
        """The real command or group behind a name."""
        module = import_module(f"{self.package}.{name}")
        if hasattr(module, "app"):
            return typer.main.get_group(module.app)
        wrapped = typer.Typer(add_completion=False)
        wrapped.command(name)(getattr(module, name))
        command = typer.main.get_command(wrapped)
        command.help = unwrapped(command.help or "")
        return command


def unwrapped(text: str) -> str:
    """Help without the line breaks of its docstring: a narrow terminal would break each line once more."""
    return re.sub(r"\n+Example:", "\n\nExample:", re.sub(r"(?<!\n)\n(?!\n|Exit codes:|Example:)", " ", text))


def group_of(package: str, first_lines: Mapping[str, str], base: type[LazyGroup] = LazyGroup) -> type[LazyGroup]:
    """A group class for one folder of commands: its package name, and each command with the first line of its help."""
    return type("Group", (base,), {"package": package, "first_lines": dict(first_lines)})
