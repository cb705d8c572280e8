"""Methods timed in turn, block by block, in random order, so that only the machine's fastest drifts come between them.

Times taken minutes apart differ by tens of per cent on a shared machine; ratios within a block do not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch

from bench.errors import one_line
from bench.machine.clock import Clock
from bench.machine.threads import fixed_threads
from bench.measure.calls import built, in_turn, sample, seconds_per_call, warm_up
from bench.measure.inputs import batch_for
from bench.plan.case import Case, Reading
from bench.plan.sections import PairedSection
from bench.record.rows import Row
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

    def sample(self, clock: Clock) -> float:
        """Seconds per call: the mean over `calls` calls."""
        return seconds_per_call(partial(self.restore, self.batch), clock, calls=self.calls)


def paired(run: str, section: PairedSection, cases: list[Case], *, seed: int, clock: Clock) -> Iterator[list[Row]]:
    """The rows of one group: first what building and warming up gave, then one list of rows for each block."""
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
            samples = [partial(runner.sample, clock) for runner in runners]
            times = in_turn(samples, order.permutation(len(runners)).tolist())
            timed = zip(runners, times, strict=True)
            yield [_row(run, section, runner.case, _sample(runner, seconds, block)) for runner, seconds in timed]


def _ready(case: Case, clock: Clock) -> tuple[Runner, list[Reading]]:
    restore, building = built(case, clock)
    batch = batch_for(case)
    readings = [building, *warm_up(partial(restore, batch), clock, calls=3)]
    fastest = min(reading.value or 0.0 for reading in readings if reading.phase == "warmup")
    return Runner(case, restore, batch, calls=max(1, math.ceil(SHORTEST_SAMPLE / max(fastest, 1e-9)))), readings


def _sample(runner: Runner, seconds: float, block: int) -> Reading:
    note = f"mean of {runner.calls} calls" if runner.calls > 1 else ""
    return sample("measure", seconds, block, note)


def _row(run: str, section: PairedSection, case: Case, reading: Reading) -> Row:
    return Row(run, case, replace(reading, part=section.group))
