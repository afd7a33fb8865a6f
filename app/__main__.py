"""python -m app api|bot|scheduler|all, and `health PART` for container health checks."""

import signal
import sys

PARTS = ("api", "bot", "scheduler")
USAGE = "usage: python -m app api|bot|scheduler|all\n       python -m app health api|bot|scheduler"
STOPPED, WRONG_WORDS = 0, 2


def main(words: list[str]) -> int:
    """The exit code: 0 stopped as asked, 1 a part died, 2 wrong words, 5 not ready to start."""
    match words:
        case ["health", part] if part in PARTS:
            from app.health import check  # standard library only: it runs every few seconds

            return check(part)
        case ["all"]:
            return start(PARTS)
        case [part] if part in PARTS:
            return start((part,))
    print(USAGE, file=sys.stderr)  # noqa: T201
    return WRONG_WORDS


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
