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
from tests.integration.opsctl.stocked import PEOPLE

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


@pytest.mark.parametrize("group", ["db", "migrate", "logs", "deps"])
def test_groups_offer_what_is_theirs_and_no_shell_completion(group):
    outcome = CliRunner().invoke(cli.app, [group, "-h"])

    assert outcome.exit_code == 0, outcome.output
    assert "completion" not in outcome.stdout


def test_help_is_not_broken_where_its_docstring_is():
    outcome = CliRunner().invoke(cli.app, ["db", "restore", "--help"], env={"COLUMNS": "400"})

    lines = [line.strip() for line in outcome.stdout.splitlines()]
    (codes,) = [line for line in lines if line.startswith("Exit codes:")]
    assert codes.endswith("6 busy.")
    assert "Example: opsctl db restore latest --dry-run" in lines


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


def shell(words):
    return subprocess.run(["/bin/bash", "-c", words], capture_output=True, text=True)


def test_output_into_a_closed_pipe_is_no_traceback():
    done = shell(f"{sys.executable} -m opsctl --help | head -1; exit ${{PIPESTATUS[0]}}")

    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", ["--help", "db backups", "db backups --json", "db backup"])
def test_full_disk_behind_stdout_is_one_line_and_no_traceback(sqlite, words):
    done = shell(f"{sys.executable} -m opsctl {words} > /dev/full")

    assert done.returncode == 1, done.stderr
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_work_goes_on_when_nobody_reads_its_progress(sqlite):
    backup = f"{sys.executable} -m opsctl db backup --json"

    full = shell(f"{backup} 2> /dev/full")
    left = shell(f"{{ {backup} 2>&1 >/dev/null; echo exit $? > left; }} | true")

    assert (full.returncode, json.loads(full.stdout)["rows"]["people"]) == (0, len(PEOPLE))
    assert left.returncode == 0
    assert Path("left").read_text() == "exit 0\n"
    assert len(list(Path("backups").iterdir())) == 2


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
