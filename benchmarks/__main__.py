"""python -m benchmarks NAME [--scale S]: ours beside a peer, in one run; the last line is one JSON object."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict

from benchmarks import backup, restore, start
from benchmarks.comparison import Comparison

BENCHMARKS: dict[str, Callable[[float, str], Comparison]] = {
    "backup": backup.compare,
    "restore": restore.compare,
    "start": start.compare,
}


def main(words: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=BENCHMARKS)
    parser.add_argument("--scale", type=float, default=1.0, help="1 is about 1.1 million rows, 5 about 5.5 million")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    said = parser.parse_args(words)
    found = BENCHMARKS[said.name](said.scale, said.database)
    print(f"\n{'':12}{'seconds':>10}\n{'ours':12}{found.ours:>10.2f}\n{found.peer_name:12}{found.peer:>10.2f}")
    document = asdict(found)
    print(json.dumps({**document.pop("counted"), **document}, ensure_ascii=False))


if __name__ == "__main__":
    main(sys.argv[1:])
