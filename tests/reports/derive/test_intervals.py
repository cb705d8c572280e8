"""Intervals: they hold what they are of, and are undefined for too few values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from reports.derive.intervals import bootstrap_mean, difference, median_high, median_low


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
