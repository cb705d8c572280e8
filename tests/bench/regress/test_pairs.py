"""Each pair of a comparison is timed in fresh processes."""

from __future__ import annotations

import numpy as np
import pytest

from bench.plan.case import Case
from bench.regress import pairs
from bench.regress.turns import BLOCKS, Pace


def test_fresh_pairs_start_three_processes_each_time_and_end_them() -> None:
    log: list[str] = []
    waiting: list[Case] = []

    class Fake:
        def __init__(self, name: str) -> None:
            self.name = name

        def seconds(self, _case: Case, _pace: Pace, core: int = 0) -> float:
            return 3.0 + 0 * core if self.name == "head" else 1.0

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

    fresh = pairs.FreshPairs(start, lambda _: np.empty(0, dtype=np.float32), np.random.default_rng(0))
    found = fresh([Case("time", "a")])
    assert sorted(log) == ["base", "base", "closed", "closed", "closed", "head"]
    assert found[Case("time", "a")] == pytest.approx(np.tile([1.0, 1.0, 3.0], (BLOCKS, 1)))
    assert not waiting
