"""Fits find the law that made the points, and say how sure they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from bench.errors import BenchError
from bench.measure.scaling import fit_cost_model, fit_power_law

PIXELS = [2.0**k for k in range(12, 23, 2)]


@given(exponent=st.floats(-2, 4), factor=st.floats(1e-9, 1e3))
def test_an_exact_law_is_found(exponent: float, factor: float) -> None:
    found = fit_power_law(PIXELS, [factor * x**exponent for x in PIXELS])
    assert found.exponent.value == pytest.approx(exponent, abs=1e-9)
    assert found.factor == pytest.approx(factor, rel=1e-7)
    assert max(map(abs, found.residuals)) < 1e-7


def test_the_interval_holds_the_truth_about_19_times_in_20() -> None:
    generator = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        seconds = np.array(PIXELS) ** 1.1 * np.exp(0.1 * generator.standard_normal(len(PIXELS)))
        found = fit_power_law(PIXELS, seconds.tolist()).exponent
        held += found.low <= 1.1 <= found.high
    assert 0.92 < held / 400 < 0.98


@given(overhead=st.floats(1e-5, 1e-1), per_mac=st.floats(1e-13, 1e-9), seed=st.integers(0, 9))
def test_an_exact_cost_model_is_found(overhead: float, per_mac: float, seed: int) -> None:
    macs = np.random.default_rng(seed).uniform(1e6, 1e12, 8)
    found = fit_cost_model(macs.tolist(), (overhead + per_mac * macs).tolist())
    assert found.seconds_per_mac.value == pytest.approx(per_mac, rel=1e-6)
    assert found.overhead.value == pytest.approx(overhead, rel=1e-3)
    assert found.explained == pytest.approx(1, abs=1e-6)


def test_residuals_show_what_the_count_does_not_explain() -> None:
    macs = [1e9, 2e9, 4e9, 8e9, 16e9]
    seconds = [2e-11 * count for count in macs]
    seconds[2] *= 3
    found = fit_cost_model(macs, seconds)
    assert int(np.argmax(found.residuals)) == 2
    assert found.residuals[2] > 1


@given(order=st.permutations(range(6)))
def test_the_order_of_points_does_not_matter(order: list[int]) -> None:
    seconds = [1.0, 4.1, 15.8, 65.0, 250.0, 1040.0]
    shuffled = fit_power_law([PIXELS[i] for i in order], [seconds[i] for i in order])
    assert shuffled.exponent.value == pytest.approx(fit_power_law(PIXELS, seconds).exponent.value, rel=1e-9)


@pytest.mark.parametrize(
    ("abscissa", "seconds", "message"),
    [
        ([1.0, 2.0], [1.0, 2.0], "at least 3 points"),
        ([5.0, 5.0, 5.0], [1.0, 2.0, 3.0], "at 2 places"),
        ([1.0, 2.0, 3.0], [1.0, 0.0, 3.0], "positive, finite seconds"),
        ([1.0, 2.0, float("nan")], [1.0, 2.0, 3.0], "positive, finite abscissa"),
    ],
)
def test_points_that_decide_nothing_are_refused(abscissa: list[float], seconds: list[float], message: str) -> None:
    with pytest.raises(BenchError, match=message):
        fit_power_law(abscissa, seconds)
