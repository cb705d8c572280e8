"""What the images tell apart, with p values that are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from reports.derive.apart import alike, holm, not_surely_worse

WIDE = pd.DataFrame({"base": [30.0, 31.0, 29.0], "better": [30.5, 31.6, 29.4], "unsure": [33.0, 31.2, 28.8]})


def test_holm_weighs_the_smallest_the_most_and_keeps_the_order() -> None:
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


def test_a_test_that_cannot_be_made_weighs_on_no_other() -> None:
    found = holm([float("nan"), 0.02])
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(0.02)


def test_a_difference_is_told_apart_alone_but_not_among_many() -> None:
    noise = np.array([-1.0, 0.5, 0.5, -0.5, 0.5])
    wide = pd.DataFrame({"a": noise * 0, "b": noise + 0.9, "c": noise - noise.mean(), "d": noise[::-1] - noise.mean()})
    chance = stats.ttest_rel(wide["b"], wide["a"]).pvalue
    assert 0.025 < chance < 0.05
    assert alike(wide, [("b", "a")]) == ()
    assert alike(wide, [("b", "a"), ("c", "a")]) == (("b", "a"), ("c", "a"))


def test_equal_scores_are_alike_and_a_constant_gain_is_sure() -> None:
    wide = pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, 2.0], "c": [2.0, 3.0]})
    assert alike(wide, [("a", "b"), ("c", "a")]) == (("a", "b"),)


def test_one_image_tells_nothing_apart() -> None:
    assert alike(WIDE.head(1), [("better", "base")]) == (("better", "base"),)


def test_what_is_surely_better_is_so_by_its_interval_and_by_two_decimals() -> None:
    found = not_surely_worse(WIDE.assign(near=WIDE["base"] + 0.009))
    assert found["better"] == frozenset()
    assert found["unsure"] == {"base", "better", "near"}
    assert found["near"] == {"base"}
    assert found["base"] == frozenset()
    assert not_surely_worse(WIDE.head(1))["better"] == frozenset()
