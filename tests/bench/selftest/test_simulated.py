"""Simulated cases are judged by the code that judges real ones, and their noise is what it is said to be."""

from __future__ import annotations

import numpy as np
import pytest

from bench.regress.stopping_rule import Rule
from bench.selftest.simulated import MACHINES, MOST_PAIRS, Ended, Noise, judged, row
from reports.derive.verdict_words import Word


@pytest.mark.parametrize("shape", ["gaussian", "disturbed", "delayed"])
def test_noise_has_the_standard_deviations_that_it_says(shape: str) -> None:
    logs = Noise(0.02, 0.01, shape).draw(np.random.default_rng(0), 20_000)
    of_processes = logs.mean(axis=1).std()
    of_blocks = (logs - logs.mean(axis=1, keepdims=True)).std()
    assert of_processes == pytest.approx(np.hypot(0.02, 0.01 / np.sqrt(6)), rel=0.05)
    assert of_blocks == pytest.approx(0.01 * np.sqrt(5 / 6), rel=0.05)


def test_heavy_tails_reach_further_than_gaussian_ones() -> None:
    heavy, gaussian = (Noise(0.01, 0.0, shape).draw(np.random.default_rng(0), 5000) for shape in ("heavy", "gaussian"))
    assert np.abs(heavy).max() > 3 * np.abs(gaussian).max()


@pytest.mark.parametrize("name", list(MACHINES))
def test_without_a_change_no_alarm_and_with_five_per_cent_it_is_found(name: str) -> None:
    generator = np.random.default_rng(1)
    empty = [judged(MACHINES[name], 0.0, Rule(), generator).word for _ in range(60)]
    assert not set(empty) & {Word.SLOWER, Word.FASTER}
    slowed = [judged(MACHINES[name], 0.05, Rule(), generator).word for _ in range(40)]
    assert slowed.count(Word.SLOWER) >= 39


def test_a_case_that_is_too_noisy_takes_all_pairs_and_has_no_verdict() -> None:
    assert judged(Noise(0.3, 0.0), 0.0, Rule(), np.random.default_rng(0)) == Ended(Word.NO_VERDICT, MOST_PAIRS)


def test_a_row_counts_words_and_pairs() -> None:
    ended = [Ended(Word.UNCHANGED, 3)] * 17 + [
        Ended(Word.NOT_SLOWER, 5),
        Ended(Word.SLOWER, 7),
        Ended(Word.NO_VERDICT, 40),
    ]
    assert row("m", 0.0, ended) == {
        "machine": "m", "change": "none", "cases": 20, "slower, %": 5.0, "faster, %": 0.0, "excluded, %": 90.0,
        "no verdict, %": 5.0, "pairs: median": 3, "95 % of cases": 7,
    }  # fmt: skip
