"""The whole command tree, and what every command promises."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from opsctl import cli
from opsctl.command_tree import LazyGroup

ROOT = Path(__file__).parents[3]


def commands(group=None, path=()):
    """Every command of the tree with the words that reach it."""
    group = group or typer.main.get_command(cli.app)
    for name in group.first_lines:
        found = group.load(name)
        if isinstance(found, LazyGroup):
            yield from commands(found, (*path, name))
        else:
            yield (*path, name), found, group.first_lines[name]


TREE = list(commands())


@pytest.mark.parametrize(("path", "command", "first_line"), TREE, ids=[" ".join(path) for path, _, _ in TREE])
def test_command_is_as_its_folder_announces_it(path, command, first_line):
    help_text = command.help or ""

    assert help_text.splitlines()[0] == first_line
    assert "Exit codes:" in help_text


@pytest.mark.parametrize("path", [path for path, _, _ in TREE], ids=" ".join)
def test_every_command_has_help_and_refuses_wrong_words(path):
    helped = CliRunner().invoke(cli.app, [*path, "--help"])
    refused = CliRunner().invoke(cli.app, [*path, "--no-such-option", "--json"])

    assert helped.exit_code == 0, helped.output
    assert refused.exit_code == 2
    error = json.loads(refused.stdout)["error"]
    assert error["cause"] == "usage"


@pytest.mark.parametrize("path", [path for path, _, _ in TREE], ids=" ".join)
def test_every_command_has_a_test_file(path):
    name = "_".join(path)
    tests = [*ROOT.glob("tests/integration/opsctl/test_*.py"), *ROOT.glob("tests/e2e/test_*.py")]
    words = [" ".join(path), '", "'.join(path), name]

    assert any(word in test.name or word in test.read_text(encoding="utf-8") for test in tests for word in words)


def test_help_imports_no_command():
    code = "import sys; from opsctl.cli import app\ntry: app(['--help'])\nexcept SystemExit: pass\n"
    code += "print([m for m in sys.modules if m.startswith('opsctl.commands.')], file=sys.stderr)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)

    assert done.stderr.strip() == "[]"


def test_misspelt_command_names_its_neighbour():
    outcome = CliRunner().invoke(cli.app, ["backpu"])

    assert outcome.exit_code == 2
    assert "next: " in outcome.stderr


def test_outside_a_project_every_failure_is_one_line_and_a_next_step(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    outcome = CliRunner().invoke(cli.app, ["status"])

    assert outcome.exit_code == 5
    assert outcome.stderr.splitlines()[0].startswith("error: no opsctl.toml")
    assert outcome.stderr.splitlines()[1].startswith("next: ")
    assert "Traceback" not in outcome.output


def test_output_into_a_closed_pipe_is_no_traceback():
    done = subprocess.run(
        ["/bin/bash", "-c", f"{sys.executable} -m opsctl --help | head -1; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )

    assert "Traceback" not in done.stderr


def test_terminal_that_cannot_show_korean_gets_escapes(tmp_path):
    code = "from opsctl import console; console.use_forgiving_streams(); console.progress('백업')"

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env={"PYTHONIOENCODING": "ascii"}, cwd=ROOT
    )

    assert done.returncode == 0
    assert b"\\ubc31" in done.stderr


def test_every_cause_is_a_dotted_name():
    import re

    for file in (ROOT / "opsctl").rglob("*.py"):
        for cause in re.findall(r'cause="([^"]+)"', file.read_text(encoding="utf-8")):
            assert re.fullmatch(r"[a-z]+(\.[a-z_]+)?", cause), f"{file.name}: {cause}"


def test_modules_of_the_tree_exist():
    assert import_module("opsctl.commands").COMMANDS
