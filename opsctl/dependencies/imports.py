"""Which modules of others our source imports, read from the syntax trees: nothing is executed."""

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from opsctl.errors import OpsctlError

FOLDERS = ("app", "opsctl", "migrations")
OURS = (*FOLDERS, "tests", "benchmarks")


@dataclass(frozen=True)
class Import:
    """`module` as far as it was written (`google.protobuf.message`); `place` is file:line in the project."""

    module: str
    place: str


def of_project(project: Path, folders: Iterable[str] = FOLDERS) -> list[Import]:
    """Imports of other people's modules, each module once, with the first place that needs it.

    Left out: the standard library, ourselves, what only type checkers see, and what is guarded by
    `except ImportError`. Raises OpsctlError for a file that is not Python.
    """
    first: dict[str, Import] = {}
    for folder in folders:
        for file in sorted((project / folder).rglob("*.py")):
            for name, line in of_source(_read(file), file.name):
                first.setdefault(name, Import(name, f"{file.relative_to(project)}:{line}"))
    return [first[name] for name in sorted(first)]


def of_source(source: str, name: str = "source") -> list[tuple[str, int]]:
    """Module and line of every import that needs a package."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise OpsctlError(
            f"{name} is not Python: {error}", cause="deps.source", hint="python -m compileall -q app opsctl"
        ) from None
    return [(module, line) for module, line in _imports(tree) if _is_foreign(module)]


def _imports(node: ast.AST) -> Iterator[tuple[str, int]]:
    for child in _needed_children(node):
        if isinstance(child, ast.Import):
            yield from ((name.name, child.lineno) for name in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module and not child.level:
            yield child.module, child.lineno
        elif isinstance(child, ast.Call) and (name := _imported_by_call(child)):
            yield name, child.lineno
        yield from _imports(child)


def _needed_children(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a node that run when the packages are as they should be."""
    if isinstance(node, ast.If) and _is_type_checking(node.test):
        yield from node.orelse
    elif isinstance(node, ast.Try) and any(_catches_import_error(handler) for handler in node.handlers):
        yield from (*node.handlers, *node.orelse, *node.finalbody)
    else:
        yield from ast.iter_child_nodes(node)


def _is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def _catches_import_error(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind and ast.unparse(kind) in ("ImportError", "ModuleNotFoundError") for kind in kinds)


def _imported_by_call(call: ast.Call) -> str | None:
    """`import_module("name")` and `__import__("name")`, when the name is written out."""
    if ast.unparse(call.func) not in ("import_module", "importlib.import_module", "__import__") or not call.args:
        return None
    name = call.args[0]
    return name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else None


def _is_foreign(module: str) -> bool:
    top = module.partition(".")[0]
    return bool(top) and top not in sys.stdlib_module_names and top not in OURS


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise OpsctlError(
            f"{file} cannot be read: {type(error).__name__}", cause="deps.source", hint=f"look at {file}"
        ) from None
