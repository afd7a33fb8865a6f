"""The import rules, read from the source."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("opsctl", "app", "migrations", "tests", "benchmarks")
LEAVES = {"app.settings", "app.errors", "app.clock", "app.texts"}
DOOR = LEAVES | {"app.services", "app.clients", "app.models", "app.db", "app.logs", "app.alive"}
PROGRAMS = {"opsctl.process", "opsctl.console", "opsctl.errors"}
MAY_IMPORT: dict[str, set[str]] = {
    "opsctl": {"opsctl"},
    "opsctl/databases": {"opsctl.databases", *PROGRAMS},
    "opsctl/tools": {"opsctl.tools", *PROGRAMS},
    "app": {"app"},
    "app/models": {"app.models"},
    "app/clients": LEAVES | {"app.clients"},
    "app/services": LEAVES | {"app.services", "app.clients", "app.models"},
    "app/api": DOOR | {"app.api"},
    "app/bot": DOOR | {"app.bot"},
    "app/scheduler": DOOR | {"app.scheduler"},
    "migrations/versions": set(),
}
COMMANDS = ROOT / "opsctl" / "commands"


def our_imports(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{name.name}" for name in node.names}
    return {name for name in names if name.split(".")[0] in OURS}


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_imports_point_inwards(folder):
    for file in (ROOT / folder).rglob("*.py"):
        for name in our_imports(file):
            inside = any(f"{name}.".startswith(f"{allowed}.") for allowed in MAY_IMPORT[folder])
            assert inside, f"{file.relative_to(ROOT)} imports {name}"


def test_commands_do_not_import_each_other():
    for file in COMMANDS.rglob("*.py"):
        for name in our_imports(file):
            assert not name.startswith("opsctl.cli"), f"{file.relative_to(ROOT)} imports {name}"
            assert not name.startswith("opsctl.commands"), f"{file.relative_to(ROOT)} imports {name}"


def test_one_module_starts_programs():
    users = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "opsctl").rglob("*.py")
        if "import subprocess" in file.read_text(encoding="utf-8") or "os.system" in file.read_text(encoding="utf-8")
    }
    assert users == {"opsctl/process.py"}


def test_nothing_imports_the_tests():
    for folder in ("opsctl", "app", "migrations"):
        for file in (ROOT / folder).rglob("*.py"):
            assert not {name for name in our_imports(file) if name.startswith("tests")}, file


def test_only_the_transaction_commits():
    committers = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "app").rglob("*.py")
        if ".commit()" in file.read_text(encoding="utf-8")
    }
    assert committers <= {"app/db.py"}
