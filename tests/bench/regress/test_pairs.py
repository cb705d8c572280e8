"""Each pair of a comparison is timed in fresh processes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.plan.case import Case
from bench.regress import pairs
from bench.regress.stopping_rule import Rule
from bench.regress.turns import BLOCKS, FEW_BLOCKS, Pace


def test_fresh_pairs_start_three_processes_each_time_and_end_them() -> None:
    log: list[str] = []
    waiting: list[Case] = []

    class Fake:
        def __init__(self, name: str) -> None:
            self.name = name

        def seconds(self, _case: Case, _pace: Pace, core: int = 0) -> tuple[float, float]:
            return (3.0 + 0 * core if self.name == "head" else 1.0), 1.0

        def move(self, _case: Case) -> None:
            """Nothing to move."""

        def make_ready(self, case: Case, _image: object) -> None:
            waiting.append(case)

        def wait_ready(self, case: Case) -> None:
            waiting.remove(case)

        def close(self) -> None:
            log.append("closed")

    def start(name: str) -> Fake:
        log.append(name)
        return Fake(name)

    control = Case("time", "control")
    fresh = pairs.FreshPairs(start, lambda _: np.empty(0, dtype=np.float32), np.random.default_rng(0), (control,))
    found = fresh([Case("time", "a"), control], BLOCKS)
    assert sorted(log) == ["base", "base", "closed", "closed", "closed", "head"]
    assert found[Case("time", "a")].shape == (FEW_BLOCKS, 3, 2)  # one takes long
    assert found[Case("time", "a")][..., 0] == pytest.approx(np.tile([1.0, 1.0, 3.0], (FEW_BLOCKS, 1)))
    assert len(found[control]) == FEW_BLOCKS
    assert not waiting
    more = fresh([Case("time", "a"), control], 2 * BLOCKS)
    assert (len(more[Case("time", "a")]), len(more[control])) == (2 * FEW_BLOCKS, FEW_BLOCKS)


def test_both_processes_of_base_count_in_what_a_finding_shows() -> None:
    def measured(cases: Sequence[Case], blocks: int) -> dict[Case, NDArray[np.float64]]:
        wall = np.tile([1.0, 4.0, 3.0], (blocks, 1))
        return {case: np.stack([wall, wall * np.nan], axis=-1) for case in cases}

    running = pairs.Pairs(measured, Rule(least=2), controls=())
    running.left = lambda: 2.0 - running.measured
    (finding,) = running.run([Case("time", "a")])
    assert (finding.base, finding.head) == (2.5, 3.0)
    assert finding.change == pytest.approx(0.5)  # over the geometric mean of the two
    assert finding.floor is not None
    assert finding.floor.low == pytest.approx(math.expm1(math.log(4) - Rule().limit / 4))
    assert finding.samples == ((2.0,) * 2 * BLOCKS, (3.0,) * 2 * BLOCKS)
