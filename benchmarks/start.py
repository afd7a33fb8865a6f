"""`opsctl --help` beside the `--help` of a Typer program that does nothing. To hold: a ratio of at least 0.67."""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.comparison import Comparison, in_turns

ROUNDS = 15
BARE = """\
import typer
app = typer.Typer()
@app.command()
def one() -> None: ...
@app.command()
def two() -> None: ...
app()
"""


def compare(scale: float, _database: str) -> Comparison:
    opsctl = str(Path(sys.executable).with_name("opsctl"))
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.py"
        bare.write_text(BARE)
        return in_turns(
            "start",
            lambda: run(opsctl, "--help"),
            lambda: run(sys.executable, str(bare), "--help"),
            peer_name="bare Typer",
            scale=scale,
            rounds=ROUNDS,
        )


def run(*words: str) -> None:
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
