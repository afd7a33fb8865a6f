"""The command tree, and the one place where a failure becomes an exit code."""

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import Any

import typer
from typer._click.exceptions import ClickException, NoArgsIsHelpError

from opsctl import commands, console, redaction
from opsctl.command_tree import LazyGroup, group_of
from opsctl.errors import OpsctlError, Terminated, of_the_machine

BUG = 70
INTERRUPTED = 130
WRONG_WORDS = 2


class ReportingGroup(LazyGroup):
    """The root of the tree: every failure below it leaves here, as a line (or document) and an exit code."""

    def main(self, args: Sequence[str] | None = None, *arguments: Any, **options: Any) -> Any:
        words = list(sys.argv[1:] if args is None else args)
        try:
            code = super().main(words, *arguments, **options | {"standalone_mode": False})
        except NoArgsIsHelpError as error:
            error.show()
            code = WRONG_WORDS
        except ClickException as error:
            console.failure(_wrong_words(error), as_json=wants_json(words))
            code = error.exit_code
        except OpsctlError as error:
            console.failure(error, as_json=wants_json(words))
            code = error.exit_code
        except typer.Abort:
            console.interrupted()
            code = INTERRUPTED
        except OSError as error:
            failure = of_the_machine(error)
            if failure is None:
                raise
            console.failure(failure, as_json=wants_json(words))
            code = failure.exit_code
        sys.exit(code if isinstance(code, int) else 0)


def wants_json(words: Sequence[str]) -> bool:
    """Whether --json was said; what follows a bare -- belongs to somebody else."""
    own = words[: words.index("--")] if "--" in words else words
    return "--json" in own


def _wrong_words(error: ClickException) -> OpsctlError:
    ctx = getattr(error, "ctx", None)
    path = ctx.command_path if ctx else "opsctl"
    message = error.format_message().removeprefix("Invalid value: ").replace("Value error, ", "")
    return OpsctlError(message, cause="usage", hint=f"{path} --help")


app = typer.Typer(
    cls=group_of(commands.__name__, commands.COMMANDS, ReportingGroup),
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Operate the price-alert service: every procedure of the maintenance manual is one command.",
    epilog="Exit codes: 0 done · 1 failed · 2 wrong words · 3 problems found · 4 refused · 5 not ready · 6 busy",
)


@app.callback()
def opsctl() -> None: ...  # makes the root a group


def main() -> None:
    """The program: streams that forgive, signals that clean up, and no traceback but for a bug."""
    os.umask(0o077)  # data, logs and backups are for their owner only, whatever the shell says
    console.use_forgiving_streams()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        app(prog_name="opsctl")
    except Terminated as stop:
        console.interrupted()
        sys.exit(stop.exit_code)
    except BrokenPipeError:  # the reader of our output has left; the work was done
        console.give_stdout_up()
        sys.exit(128 + signal.SIGPIPE)
    except Exception:  # noqa: BLE001  # a bug: every expected failure has left app() as SystemExit
        console.warning("this is a bug in opsctl; please report the lines below")
        sys.stderr.write(redaction.hide(traceback.format_exc()))
        sys.exit(BUG)


def _stop(number: int, _frame: FrameType | None) -> None:
    raise Terminated(number)
