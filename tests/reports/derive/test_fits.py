"""Power laws and the cost model: what was put in is found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from reports.derive.fits import cost_model, exponents_at_one_size, power_law
from reports.derive.summary import Summary


@given(st.floats(0.3, 2.5), st.floats(1e-9, 1e-3))
def test_an_exponent_is_found_exactly_without_noise(exponent: float, factor: float) -> None:
    x = pd.Series([1e4, 1e5, 1e6])
    fit = power_law(x, factor * x**exponent)
    assert fit is not None
    assert fit.exponent == pytest.approx(exponent)


def test_no_exponent_from_one_size() -> None:
    assert power_law(pd.Series([5.0, 5.0]), pd.Series([1.0, 2.0])) is None


def test_cost_model_is_found_exactly_without_noise() -> None:
    macs = np.array([1e8, 1e9, 1e10, 1e11])
    found = cost_model(pd.DataFrame({"macs": macs, "median": 2e-4 + 3e-12 * macs}))
    assert found is not None
    assert found == pytest.approx((2e-4, 3e-12, 1.0))


def test_time_against_block_size_and_threads_has_exponents(summary: Summary) -> None:
    base = summary.timed[(summary.timed["label"] == "DCT 8×8") & (summary.timed["width"] == 512)].iloc[:1]
    blocks = pd.concat(
        base.assign(options=f'{{"block_size":{n}}}', label=f"DCT {n}×{n}", median=1e-3 * n**1.5) for n in (4, 8, 16)
    )
    threads = pd.concat(base.assign(threads=count, median=1.0 / count) for count in (1, 2, 4))
    found = exponents_at_one_size(blocks, threads, summary.methods).set_index("against")
    assert found.loc["block size", ["label", "exponent", "start", "stop"]].tolist() == [
        "DCT",
        pytest.approx(1.5),
        4,
        16,
    ]
    assert found.loc["threads", ["label", "exponent", "places"]].tolist() == ["DCT 8×8", pytest.approx(-1.0), 3]
