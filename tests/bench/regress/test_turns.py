"""Sides are timed in turn, in orders that favour none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, strategies as st

from bench.plan.case import Case
from bench.regress import turns
from bench.regress.turns import BLOCKS, Pace, measure, middle


class Recorder:
    """A process that only notes when it was called."""

    def __init__(self, name: int, calls: list[tuple[int, Case]]) -> None:
        self.name, self.calls = name, calls
        self.cores: list[int] = []

    def seconds(self, case: Case, pace: Pace, core: int = 0) -> tuple[float, float]:
        self.cores.append(core)
        self.calls.append((self.name, case))
        return 1.0 + self.name + 0 * pace.calls, 0.5

    def move(self, case: Case) -> None:
        self.calls.append((self.name, replace(case, variant="moved")))


def test_rounds_are_mirrored_and_every_order_is_used_alike() -> None:
    calls: list[tuple[int, Case]] = []
    cases = [Case("time", "a"), Case("time", "b")]
    sides = [Recorder(name, calls) for name in range(3)]
    found = measure(sides, dict.fromkeys(cases, Pace(1, 1, rounds=2)), np.random.default_rng(1))
    assert all(seconds[..., 0] == pytest.approx(np.tile([1.0, 2.0, 3.0], (BLOCKS, 1))) for seconds in found.values())
    assert all(seconds[..., 1] == pytest.approx(0.5) for seconds in found.values())
    blocks = [calls[start : start + 9] for start in range(0, len(calls), 9)]
    for case in cases:
        of_case = [block for block in blocks if block[0][1].method == case.method]
        assert all([made.variant == "moved" for _, made in block] == 3 * [True] + 6 * [False] for block in of_case)
        orders = [tuple(name for name, _ in block[3:]) for block in of_case]
        assert len(set(orders)) == BLOCKS
        assert all(order[:3] == order[:2:-1] for order in orders)
    assert len({block[0][1].method for block in blocks[::2]}) == len(cases)  # neither always comes first


def test_all_sides_begin_a_round_on_the_same_core_and_the_next_round_on_the_next() -> None:
    sides = [Recorder(name, []) for name in range(3)]
    measure(sides, {Case("time", "a"): Pace(1, 1, rounds=2, blocks=2)}, np.random.default_rng(0))
    assert [side.cores for side in sides] == [[0, 1, 2, 3]] * 3


def test_a_round_in_which_one_process_was_disturbed_does_not_count() -> None:
    seconds = np.tile([1.0, 1.0, 1.1], (9, 1)) * np.linspace(1, 1.5, 9)[:, None]  # ever slower, all alike
    disturbed = seconds.copy()
    disturbed[[1, 6], [2, 0]] *= 3
    ratios = [found[2, 0] / found[0, 0] for found in (middle(seconds[..., None]), middle(disturbed[..., None]))]
    assert ratios == pytest.approx([1.1, 1.1])
    assert middle(seconds[..., None])[0, 0] == pytest.approx(1.25)


def test_a_clock_counts_if_it_counts_in_nearly_all_rounds() -> None:
    seconds = np.full((20, 3, 2), 2.0)
    seconds[:2, 1, 1] = np.nan
    assert middle(seconds) == pytest.approx(2.0)
    seconds[2, 0, 1] = np.nan
    assert middle(seconds)[:, 0] == pytest.approx(2.0)
    assert np.isnan(middle(seconds)[:, 1]).all()


@given(st.floats(1e-6, 100))
def test_a_turn_is_long_enough_to_be_timed_and_no_longer_than_needed(seconds: float) -> None:
    pace = Pace.of(seconds)
    assert pace.calls * seconds >= 0.99 * min(turns.SHORTEST_SAMPLE, pace.calls * seconds + 1)
    assert 1 <= pace.samples <= turns.MOST_SAMPLES
    assert pace.rounds >= turns.LEAST_ROUNDS
    assert (
        pace.rounds == turns.LEAST_ROUNDS
        or 3 * pace.rounds * pace.samples * pace.calls * seconds < 2 * turns.BLOCK_SECONDS
    )
    block = 3 * pace.rounds * pace.samples * pace.calls * seconds
    assert pace.blocks == (turns.FEW_BLOCKS if block > turns.LONGEST_BLOCK else BLOCKS)
    assert pace.calls == 1 or pace.calls * seconds < 2 * turns.SHORTEST_SAMPLE


@pytest.mark.parametrize("seconds", [0.03, 0.05, 0.1, 0.5, 1.0, 10.0])
def test_a_long_case_has_at_least_three_rounds_so_that_one_disturbed_does_not_count(seconds: float) -> None:
    pace = Pace.of(seconds)
    assert pace.rounds >= 3
    rounds = np.full((pace.rounds, 3, 2), seconds)
    rounds[0, 2] *= 2
    assert middle(rounds) == pytest.approx(seconds)
