"""Intervals: they hold what they are of, and are undefined for too few values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st
from scipy import stats

from reports.derive.intervals import (
    bootstrap_mean,
    difference,
    median_high,
    median_low,
    quantile_bounds,
    samples_needed,
)


@given(st.lists(st.floats(1e-6, 1e3), min_size=6, max_size=40))
def test_the_interval_of_a_median_holds_it_whatever_the_order(samples: list[float]) -> None:
    series = pd.Series(samples)
    assert median_low(series) <= series.median() <= median_high(series)
    assert median_low(series[::-1]) == median_low(series)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_no_range_of_fewer_than_six_holds_the_median_at_95_percent(count: int) -> None:
    samples = pd.Series(np.arange(1.0, 1.0 + count))
    assert np.isnan([median_low(samples), median_high(samples)]).all()


def test_intervals_are_undefined_not_wrong_for_too_few() -> None:
    assert np.isnan(difference(pd.Series([1.0]), pd.Series([0.5])).low)
    assert np.isnan(bootstrap_mean(np.array([1.0, 2.0]))[1])


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_the_interval_of_a_quantile_is_the_narrowest_whose_ends_each_miss_it_at_most_2_5_percent(share: float) -> None:
    n = 500
    low, high = quantile_bounds(pd.Series(np.arange(n, dtype=float)), share)
    below = stats.binom(n, share).cdf  # so many samples lie below the true quantile
    assert below(low) <= 0.025 < below(low + 1)
    assert 1 - below(high) <= 0.025 < 1 - below(high - 1)


@pytest.mark.parametrize(("share", "needed"), [(0.5, 6), (0.9, 36), (0.99, 368)])
def test_a_quantile_has_an_interval_from_the_number_of_samples_on_that_is_stated(share: float, needed: int) -> None:
    assert samples_needed(share) == needed
    assert np.isnan(quantile_bounds(pd.Series(np.arange(needed - 1.0)), share)).all()
    assert np.isfinite(quantile_bounds(pd.Series(np.arange(float(needed))), share)).all()


def test_the_interval_of_a_quantile_holds_it_as_often_as_it_claims() -> None:
    drawn, true = np.random.default_rng(0).exponential(size=(400, 200)), -np.log(0.1)
    bounds = [quantile_bounds(pd.Series(samples), 0.9) for samples in drawn]
    assert np.mean([low <= true <= high for low, high in bounds]) > 0.94
