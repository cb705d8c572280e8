"""Methods timed in turn, block by block, in random order, so that only the machine's fastest drifts come between them.

Times taken minutes apart differ by tens of per cent on a shared machine; ratios within a block do not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bench.errors import one_line
from bench.machine.clock import Clock
from bench.machine.threads import fixed_threads
from bench.measure.inputs import batch_for
from bench.measure.timing import built, sample
from bench.plan.case import Case, Reading
from bench.plan.spec import PairedSection
from bench.record.rows import Row

if TYPE_CHECKING:
    import torch

    from restoration.method import Restore

SHORTEST_SAMPLE = 0.005
"""Seconds: faster methods are called several times for one sample, so that the clock's step does not count."""


@dataclass(frozen=True)
class Runner:
    """One member of a group, ready to be timed."""

    case: Case
    restore: Restore
    batch: torch.Tensor
    calls: int

    def seconds_per_call(self, clock: Clock) -> float:
        """One sample: the mean over `calls` calls."""
        begin = clock()
        for _ in range(self.calls):
            self.restore(self.batch)
        return (clock() - begin) / self.calls


def paired(run: str, section: PairedSection, cases: list[Case], *, seed: int, clock: Clock) -> Iterator[list[Row]]:
    """The rows of one group: first what building and warming up gave, then one list of rows for each block."""
    import numpy as np
    import torch

    order = np.random.default_rng(seed)
    runners = []
    with fixed_threads(cases[0].threads), torch.inference_mode():
        for case in cases:
            try:
                runner, readings = _ready(case, clock)
            except Exception as error:  # noqa: BLE001 - a peer that fails is written down, the others go on
                yield [Row(run, case, Reading("failure", None, part=section.group), error=one_line(error))]
            else:
                runners.append(runner)
                yield [_row(run, section, case, reading) for reading in readings]
        for block in range(section.blocks):
            turns = order.permutation(len(runners)).tolist()
            times = {index: runners[index].seconds_per_call(clock) for index in turns}
            timed = ((runner, times[index]) for index, runner in enumerate(runners))  # rows keep the spec's order
            yield [_row(run, section, runner.case, _sample(runner, seconds, block)) for runner, seconds in timed]


def _ready(case: Case, clock: Clock) -> tuple[Runner, list[Reading]]:
    restore, building = built(case, clock)
    batch = batch_for(case)
    once = Runner(case, restore, batch, calls=1)
    first = sample("first", once.seconds_per_call(clock))
    warm = [sample("warmup", once.seconds_per_call(clock), repeat) for repeat in range(3)]
    fastest = min(reading.value or 0.0 for reading in warm)
    return replace(once, calls=max(1, math.ceil(SHORTEST_SAMPLE / max(fastest, 1e-9)))), [building, first, *warm]


def _sample(runner: Runner, seconds: float, block: int) -> Reading:
    note = f"mean of {runner.calls} calls" if runner.calls > 1 else ""
    return sample("measure", seconds, block, note)


def _row(run: str, section: PairedSection, case: Case, reading: Reading) -> Row:
    return Row(run, case, replace(reading, part=section.group))
