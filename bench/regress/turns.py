"""Interleaved timing: base, base again and head in turn, in rounds so short that a disturbance hits all three.

A round is one turn of each process; the next round has the reverse order, and all six orders are used equally often.
Only one process runs at a time; the others wait. A block is the median over some rounds of one case. Before each block
every process moves the case's input to another place in memory, because that place makes a difference between processes
that no repetition averages out. All three begin a round on the same core, and the next round on the next core:
otherwise each would stay on a core of its own, and cores are not equally fast while others use the machine. Cases take
turns block by block.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from bench.measure.calls import in_turn
from bench.plan.case import Case

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BLOCKS = 6
"""Blocks of one case in one trio of processes, at first."""

MOST_BLOCKS = 20
"""Of a case that goes on alone: on shared machines processes of the same code were seen to differ by a fourth of what
blocks of one process do, and three of them start as fast as 25 blocks are timed."""

FEW_BLOCKS = 2
"""Of a case of which one block takes long, and of what only shows whether the machine is steady."""

LEAST_ROUNDS = 3
"""Rounds of a block: the median of fewer would let a disturbed one count."""

LONGEST_BLOCK = 1.0
"""Seconds of a block, its three processes together, from which on there are fewer."""

BLOCK_SECONDS = 0.27
"""Seconds that one block aims at, its three processes together."""

SHORTEST_SAMPLE = 0.002
"""Seconds; a method that is faster than this is called several times for one sample."""

TURN_SECONDS = 0.006
"""Seconds that one turn of one process aims at. Its fastest sample counts: the first one runs on a cold cache."""

MOST_SAMPLES = 3
"""Of one turn."""


_COUNTED = 0.9
"""Share of the rounds in which a clock must count."""


class TimedSide(Protocol):
    """A side that has cases ready and times them on request."""

    def seconds(self, case: Case, pace: Pace, core: int = 0) -> tuple[float, float]:
        """Seconds per call of `case`, begun on that core: the least of `pace.samples` means over `pace.calls` calls.

        By the wall clock, and by the clock of the processor, which is not a number where it does not count: where more
        than one thread may work, or where this one waited for something.
        """

    def move(self, case: Case) -> None:
        """Copies the input of `case` to another place in memory."""


@dataclass(frozen=True)
class Pace:
    """How often a case is called in one turn, how many rounds make a block, and how many blocks are measured."""

    calls: int
    samples: int
    rounds: int = 1
    blocks: int = BLOCKS

    @classmethod
    def of(cls, seconds: float) -> Pace:
        """The pace of a case of which one call takes about `seconds`."""
        seconds = max(seconds, 1e-7)
        calls = max(1, math.ceil(SHORTEST_SAMPLE / seconds))
        sample = calls * seconds
        samples = min(MOST_SAMPLES, max(1, round(TURN_SECONDS / sample)))
        rounds = max(LEAST_ROUNDS, round(BLOCK_SECONDS / (3 * samples * sample)))
        long = 3 * rounds * samples * sample > LONGEST_BLOCK
        return cls(calls, samples, rounds, FEW_BLOCKS if long else BLOCKS)

    def with_blocks(self, blocks: int) -> Pace:
        """The pace where others have so many blocks instead of the usual number."""
        return replace(self, blocks=max(FEW_BLOCKS, round(self.blocks * blocks / BLOCKS)))


def measure(
    sides: Sequence[TimedSide], paces: Mapping[Case, Pace], generator: np.random.Generator
) -> dict[Case, NDArray[np.float64]]:
    """Seconds (blocks, sides, 2) of each case, by the wall clock and by that of the processor."""
    import numpy as np

    found = {case: np.empty((pace.blocks, len(sides), 2)) for case, pace in paces.items()}
    orders = {case: _orders(len(sides), generator) for case in paces}
    cores = {case: itertools.count() for case in paces}
    for block in range(max(pace.blocks for pace in paces.values())):
        cases = [case for case, pace in paces.items() if block < pace.blocks]
        for turn in generator.permutation(len(cases)):
            case = cases[turn]
            for side in sides:
                side.move(case)
            rounds = [
                in_turn([partial(side.seconds, case, paces[case], core) for side in sides], order)
                for _, order, core in zip(range(paces[case].rounds), orders[case], cores[case], strict=False)
            ]
            found[case][block] = middle(np.array(rounds))
    return found


def middle(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median round: (rounds, processes, clocks) -> (processes, clocks).

    The medians of the rounds' levels and of the ratios between processes are separate: a round in which all are slow
    does not change the ratios, and a round in which one was disturbed does not count. A clock that does not count in
    more than a tenth of the rounds does not count at all.
    """
    import numpy as np

    return np.stack([_middle(np.log(clock)) for clock in np.moveaxis(seconds, -1, 0)], axis=-1)


def _middle(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of one clock: (rounds, processes) -> (processes,)."""
    import numpy as np

    counted = logs[~np.isnan(logs).any(axis=1)]
    if len(counted) < _COUNTED * len(logs):
        return np.full(logs.shape[1], math.nan)
    level = counted.mean(axis=1, keepdims=True)
    return np.asarray(np.exp(np.median(level) + np.median(counted - level, axis=0)), dtype=np.float64)


def _orders(members: int, generator: np.random.Generator) -> Iterator[tuple[int, ...]]:
    """Orders without end, each followed by its reverse, all equally often, in random sequence."""
    every = list(itertools.permutations(range(members)))
    while True:
        for index in generator.permutation(len(every)):
            yield every[index]
            yield every[index][::-1]
