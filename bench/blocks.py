"""Interleaved timing: base, base again and head in turn, in mirrored blocks, so that drifts cancel.

A block is base, again, head, head, again, base in one of the six orders, and all six are used equally often. Only one
process runs at a time; the others wait. Cases take turns block by block, so that a disturbance hits one block of each.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bench.case import Case

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BLOCKS = 6
"""Blocks of one case in one pair of processes: each order of three once."""

SHORTEST_SAMPLE = 0.004
"""Seconds: a faster method is called several times for one sample."""

SEGMENT = 0.02
"""Seconds that one turn of one process aims at; its least disturbed sample counts."""

LONG_CALL = 0.05
"""Seconds: a slower method is called once in a turn; a shorter disturbance does not show in it."""


class Timed(Protocol):
    """A process that has cases ready and calls them when told to."""

    def seconds(self, case: Case, plan: Plan) -> float:
        """Seconds per call of `case`: the least of `plan.samples` means over `plan.calls` calls."""


@dataclass(frozen=True)
class Plan:
    """How often a case is called in one turn."""

    calls: int
    samples: int

    @classmethod
    def of(cls, seconds: float) -> Plan:
        """The plan for a case of which one call takes about `seconds`."""
        calls = max(1, math.ceil(SHORTEST_SAMPLE / max(seconds, 1e-7)))
        least = 1 if seconds > LONG_CALL else 2
        return cls(calls, min(7, max(least, round(SEGMENT / (calls * seconds)) if seconds else 7)))


def measure(
    processes: Sequence[Timed],
    plans: Mapping[Case, Plan],
    generator: np.random.Generator,
    *,
    blocks: int = BLOCKS,
) -> dict[Case, NDArray[np.float64]]:
    """Seconds (blocks, processes) of each case: geometric means of the two turns a process has in a block."""
    import numpy as np

    found = {case: np.empty((blocks, len(processes))) for case in plans}
    orders = {case: _orders(len(processes), blocks, generator) for case in plans}
    cases = list(plans)
    for block in range(blocks):
        for turn in generator.permutation(len(cases)):
            case = cases[turn]
            logs = np.zeros(len(processes))
            for place in _mirrored(orders[case][block]):
                logs[place] += math.log(processes[place].seconds(case, plans[case])) / 2
            found[case][block] = np.exp(logs)
    return found


def _orders(members: int, blocks: int, generator: np.random.Generator) -> list[tuple[int, ...]]:
    """An order for each block: every order as often as every other as far as the blocks go, in random sequence."""
    every = list(itertools.permutations(range(members)))
    chosen: list[tuple[int, ...]] = []
    while len(chosen) < blocks:
        chosen.extend(every[index] for index in generator.permutation(len(every)))
    return chosen[:blocks]


def _mirrored(order: tuple[int, ...]) -> tuple[int, ...]:
    return (*order, *reversed(order))
