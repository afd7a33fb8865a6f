"""python -m app api|bot|scheduler|all; `health PART` for container health checks; `admin NAME`."""

import os
import signal
import sys

PARTS = ("api", "bot", "scheduler")
USAGE = """\
usage: python -m app api|bot|scheduler|all
       python -m app health api|bot|scheduler
       python -m app check           would it start with this code and these settings?
       python -m app admin NAME      make an existing account an administrator"""
STOPPED, WRONG_WORDS = 0, 2


def main(words: list[str]) -> int:
    """The exit code: 0 done or stopped as asked, 1 a part died, 2 wrong words, 4 refused, 5 not ready to start."""
    os.umask(0o077)  # whatever we write is for our own user only
    match words:
        case ["health", part] if part in PARTS:
            from app.health import check  # standard library only: it runs every few seconds

            return check(part)
        case ["admin", name]:
            from app.admins import promote

            return promote(name)
        case ["check"]:
            return check_start()
        case ["all"]:
            return start(PARTS)
        case [part] if part in PARTS:
            return start((part,))
    print(USAGE, file=sys.stderr)  # noqa: T201
    return WRONG_WORDS


def check_start() -> int:
    """Whether every part could start: asked before the running ones are stopped for new code or settings."""
    from importlib import import_module

    from app.errors import NotReady
    from app.settings import load_settings

    try:
        load_settings().require_jwt_key()
    except NotReady as error:
        print(f"not ready: {error}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    for part in PARTS:
        import_module(f"app.{part}.main")
    return STOPPED


def start(parts: tuple[str, ...]) -> int:
    # The imports below take seconds; asked to stop meanwhile, we have nothing to finish.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(STOPPED))
    from app.errors import NotReady
    from app.process import run_parts

    try:
        return run_parts(parts)
    except NotReady as error:
        print(f"not ready: {error}", file=sys.stderr)  # noqa: T201
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
