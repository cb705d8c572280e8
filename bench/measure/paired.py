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
from bench.machine.settings import put_back
from bench.machine.threads import fixed_threads
from bench.measure.calls import built, in_turn, sample, seconds_per_call, warm_up
from bench.measure.inputs import batch_for
from bench.plan.case import Case, Reading
from bench.plan.sections import PairedSection
from bench.record.attempt import settings_changed
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
    written: bool
    """Whether it writes into its input: then each call gets a copy, made before its time begins."""

    def sample(self, clock: Clock) -> float:
        """Seconds per call: the mean over `calls` calls."""
        batch = self.batch.clone() if self.written else self.batch
        return seconds_per_call(partial(self.restore, batch), clock, calls=self.calls)


def paired(run: str, section: PairedSection, cases: list[Case], *, seed: int, clock: Clock) -> Iterator[list[Row]]:
    """The rows of one group: first what building and warming up gave, then one list of rows for each block.

    A member that fails is written down, and the others go on without it.
    """
    order = np.random.default_rng(seed)
    runners: list[Runner] = []
    with fixed_threads(cases[0].threads), torch.inference_mode():
        for case in cases:
            try:
                runner, readings = _ready(case, clock)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a peer may fail in any way
                yield [_failure(run, section, case, error)]
            else:
                runners.append(runner)
                yield [_row(run, section, case, reading) for reading in readings]
        for block in range(section.blocks):
            samples = [partial(_row_of, run, section, runner, block, clock) for runner in runners]
            yield (rows := in_turn(samples, order.permutation(len(runners)).tolist()))
            failed = {row.case for row in rows if row.error}
            runners = [runner for runner in runners if runner.case not in failed]


def _row_of(run: str, section: PairedSection, runner: Runner, block: int, clock: Clock) -> Row:
    """One sample, or why there is none."""
    try:
        with put_back():
            return _row(run, section, runner.case, _sample(runner, runner.sample(clock), block))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - as above
        return _failure(run, section, runner.case, error)


def _ready(case: Case, clock: Clock) -> tuple[Runner, list[Reading]]:
    batch = batch_for(case)
    with put_back() as changed:
        restore, building = built(case, clock)
        warm, written = warm_up(case, restore, batch, clock, calls=3)
    fastest = min(reading.value or 0.0 for reading in warm if reading.phase == "warmup")
    calls = 1 if written else max(1, math.ceil(SHORTEST_SAMPLE / max(fastest, 1e-9)))
    return Runner(case, restore, batch, calls, written), [building, *warm, *settings_changed(changed)]


def _sample(runner: Runner, seconds: float, block: int) -> Reading:
    note = f"mean of {runner.calls} calls" if runner.calls > 1 else ""
    return sample("measure", seconds, block, note)


def _row(run: str, section: PairedSection, case: Case, reading: Reading) -> Row:
    return Row(run, case, replace(reading, part=section.group))


def _failure(run: str, section: PairedSection, case: Case, error: BaseException) -> Row:
    return Row(run, case, Reading("failure", None, part=section.group), error=one_line(error))
