"""What is derived: labels, medians, means, optima, fits, ratios and the front."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from reports.derive.summary import (
    Summary,
    at_best_ratio,
    bootstrap_mean,
    cost_model,
    difference,
    exponents_beside,
    label_of,
    median_high,
    median_low,
    power_law,
    summarise,
    within_images,
)


def test_a_label_is_the_same_however_a_default_is_written() -> None:
    assert (
        label_of("dct", "{}") == label_of("dct", '{"block_size":8,"ratio":3.0,"stride":1,"engine":"auto"}') == "DCT 8×8"
    )
    assert label_of("dct", '{"block_size":16,"stride":4,"engine":"dense"}') == "DCT 16×16, stride 4, engine dense"
    assert label_of("ffdnet", '{"runtime":"auto"}') == "FFDNet"
    assert label_of("ffdnet", "{}", "bfloat16") == "FFDNet, bfloat16"
    assert label_of("mine", "not json") == "mine"


def test_best_ratio_is_found_where_it_was_put(summary: Summary) -> None:
    optima = summary.optima[summary.optima["label"] == "DCT 8×8"].set_index("sigma_255")["vertex"]
    for sigma in (15.0, 25.0, 50.0):
        assert optima[sigma] == pytest.approx(2.65 + sigma / 250, abs=0.12)


def test_the_front_holds_nothing_that_is_slower_and_worse(summary: Summary) -> None:
    for _, group in summary.traded.groupby(["task", "degradation", "sigma_255", "scale"], observed=True):
        for line in group.itertuples():
            beaten = ((group["per_megapixel"] < line.per_megapixel) & (group["psnr_db"] > line.psnr_db)).any()
            assert line.front == (not beaten)


def test_a_mean_over_fewer_images_is_not_on_the_front(summary: Summary) -> None:
    quality = summary.tables["quality"]
    fewer = quality[~((quality["method"] == "ffdnet") & (quality["image"] != "camera"))]
    traded = summarise({**summary.tables, "quality": fewer}).traded
    ffdnet = traded[traded["method"] == "ffdnet"]
    assert not ffdnet["whole"].any()
    assert not ffdnet["front"].any()


def test_paired_ratios_take_out_the_drift(summary: Summary) -> None:
    peers = summary.peers.set_index("label")
    assert peers.loc["DCT 8×8, engine dense", "ratio"] == pytest.approx(0.158 / 2.6e-3, rel=0.03)
    assert (peers["low"] < peers["ratio"]).all()
    assert (peers["ratio"] < peers["high"]).all()
    assert ((peers["high"] / peers["low"]) < 1.05).all()


def test_within_images_is_narrower_than_between(summary: Summary) -> None:
    best = at_best_ratio(summary.scored)
    chosen = within_images(summary.named["quality"], best[(best["task"] == "denoise") & (best["sigma_255"] == 25)])
    ffdnet = chosen[chosen["method"] == "ffdnet"].iloc[0]
    assert ffdnet["within_high"] - ffdnet["within_low"] < (ffdnet["high"] - ffdnet["low"]) / 4


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


@given(st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=40))
def test_the_interval_of_a_median_holds_it_whatever_the_order(samples: list[float]) -> None:
    series = pd.Series(samples)
    assert median_low(series) <= series.median() <= median_high(series)
    assert median_low(series[::-1]) == median_low(series)


def test_intervals_are_undefined_not_wrong_for_too_few() -> None:
    assert np.isnan(difference(pd.Series([1.0]), pd.Series([0.5])).low)
    assert np.isnan(bootstrap_mean(np.array([1.0, 2.0]))[1])


def test_time_against_block_size_and_threads_has_exponents(summary: Summary) -> None:
    base = summary.timed[(summary.timed["label"] == "DCT 8×8") & (summary.timed["width"] == 512)].iloc[:1]
    blocks = pd.concat(
        base.assign(options=f'{{"block_size":{n}}}', label=f"DCT {n}×{n}", median=1e-3 * n**1.5) for n in (4, 8, 16)
    )
    threads = pd.concat(base.assign(threads=count, median=1.0 / count) for count in (1, 2, 4))
    found = exponents_beside(blocks, threads).set_index("against")
    assert found.loc["block size", ["label", "exponent", "start", "stop"]].tolist() == [
        "DCT",
        pytest.approx(1.5),
        4,
        16,
    ]
    assert found.loc["threads", ["label", "exponent", "places"]].tolist() == ["DCT 8×8", pytest.approx(-1.0), 3]
