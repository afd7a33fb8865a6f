"""Two ways to do one thing, timed in turns."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

ROUNDS = 3


@dataclass(frozen=True)
class Comparison:
    """Medians of interleaved runs; a ratio over 1 says how many times faster ours is."""

    name: str
    ours: float
    peer: float
    ratio: float
    unit: str
    scale: float
    peer_name: str
    counted: dict[str, object] = field(default_factory=dict)


def in_turns(
    name: str,
    ours: Callable[[], None],
    peer: Callable[[], None],
    *,
    peer_name: str,
    scale: float,
    rounds: int = ROUNDS,
    **counted: object,
) -> Comparison:
    """One after the other, so that a busy minute of the machine is in both."""
    mine: list[float] = []
    theirs: list[float] = []
    for turn in range(rounds):
        mine.append(seconds(ours))
        theirs.append(seconds(peer))
        print(f"round {turn + 1}: ours {mine[-1]:.2f} s, {peer_name} {theirs[-1]:.2f} s", flush=True)
    median, peers = statistics.median(mine), statistics.median(theirs)
    return Comparison(
        name, round(median, 3), round(peers, 3), round(peers / median, 2), "s", scale, peer_name, dict(counted)
    )


def seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
