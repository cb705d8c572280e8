"""The rule that says which change counts, in time, quality, operations and memory."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, strategies as st

from reports.derive.verdict_words import (
    _SILENT,
    CHANGES,
    REGRESSIONS,
    Tolerances,
    Word,
    by_interval,
    by_tolerance,
    of_memory,
    of_operations,
    of_quality,
    together,
    worst,
)


@pytest.mark.parametrize(
    ("change", "low", "high", "significant", "word"),
    [
        (0.025, 0.01, 0.04, True, Word.SLOWER),
        (-0.025, -0.04, -0.01, True, Word.FASTER),
        (0.015, 0.01, 0.02, True, Word.UNCHANGED),
        (0.025, 0.022, 0.028, False, Word.UNCHANGED),
        (0.025, 0.01, 0.04, False, Word.NO_VERDICT),
        (0.015, -0.01, 0.04, True, Word.NO_VERDICT),
        (-0.01, -0.04, 0.02, False, Word.NOT_SLOWER),
        (-0.015, -0.05, 0.02, True, Word.NOT_SLOWER),
        (0.0, -0.04, 0.04, False, Word.NO_VERDICT),
        (1.0, math.nan, math.nan, False, Word.NO_VERDICT),
    ],
)
def test_a_time_counts_from_two_thirds_of_its_tolerance_and_passes_where_a_slow_down_is_excluded(
    change: float, low: float, high: float, significant: object, word: Word
) -> None:
    ends = math.log1p(low), math.log1p(high)
    assert by_interval(math.log1p(change), *ends, 0.03, significant=bool(significant)) is word


def test_an_exact_change_counts_beyond_two_thirds_of_its_tolerance() -> None:
    words = [by_tolerance(change, 0.03, more=Word.WORSE, less=Word.BETTER) for change in (-0.021, -0.019, 0.019, 0.021)]
    assert words == [Word.BETTER, Word.UNCHANGED, Word.UNCHANGED, Word.WORSE]


def test_a_mean_does_not_hide_an_image_that_lost() -> None:
    assert of_quality([0.02, 0.02, -0.03], 0.01) is Word.WORSE
    assert of_quality([0.02, 0.02, 0.0], 0.01) is Word.BETTER
    assert of_quality([0.005, -0.005], 0.01) is Word.UNCHANGED


def test_operations_count_from_the_first_but_not_the_rounding_of_a_sum() -> None:
    tolerance = Tolerances().macs_per_pixel
    assert of_operations(8192.0, 8192.0 * (1 + 1e-12), tolerance) is Word.UNCHANGED
    assert of_operations(8192.0, 8193.0, tolerance) is Word.SLOWER
    assert of_operations(8192.0, 8191.0, tolerance) is Word.FASTER


def test_memory_is_judged_relative_to_the_base() -> None:
    assert [of_memory(base, head, 0.05) for base, head in ((100, 103), (100, 104), (100, 96), (0, 1), (0, 0))] == [
        Word.UNCHANGED,
        Word.WORSE,
        Word.BETTER,
        Word.WORSE,
        Word.UNCHANGED,
    ]


@pytest.mark.parametrize(
    ("speed", "quality", "word"),
    [
        (Word.UNCHANGED, Word.UNCHANGED, Word.UNCHANGED),
        (Word.FASTER, Word.UNCHANGED, Word.FASTER),
        (Word.SLOWER, Word.UNCHANGED, Word.SLOWER),
        (Word.UNCHANGED, Word.BETTER, Word.BETTER),
        (Word.UNCHANGED, Word.WORSE, Word.WORSE),
        (Word.FASTER, Word.WORSE, Word.FASTER_BUT_WORSE),
        (Word.SLOWER, Word.BETTER, Word.SLOWER_BUT_BETTER),
        (Word.SLOWER, Word.WORSE, Word.WORSE),
        (Word.FASTER, Word.BETTER, Word.BETTER),
        (Word.NO_VERDICT, Word.WORSE, Word.WORSE),
        (Word.NO_VERDICT, Word.BETTER, Word.NO_VERDICT),
        (Word.FASTER, Word.NO_VERDICT, Word.NO_VERDICT),
        (Word.SLOWER, Word.NO_VERDICT, Word.SLOWER),
        (Word.NOT_SLOWER, Word.UNCHANGED, Word.NOT_SLOWER),
        (Word.NOT_SLOWER, Word.BETTER, Word.BETTER),
        (Word.SAME_CODE, Word.SAME_CODE, Word.SAME_CODE),
        (Word.SAME_CODE, Word.UNCHANGED, Word.UNCHANGED),
        (Word.UNCHANGED, Word.NOT_MEASURED, Word.UNCHANGED),
        (Word.NO_VERDICT, Word.NOT_MEASURED, Word.NO_VERDICT),
    ],
)
def test_speed_and_quality_are_judged_together(speed: Word, quality: Word, word: Word) -> None:
    assert together(speed, quality) is word


@given(st.lists(st.sampled_from([Word.UNCHANGED, Word.FASTER, Word.SLOWER, Word.NO_VERDICT])))
def test_a_regression_is_never_hidden_and_no_verdict_is_never_a_pass(found: list[Word]) -> None:
    word = worst(found)
    assert (word in REGRESSIONS) == (Word.SLOWER in found)
    if Word.NO_VERDICT in found:
        assert word in {Word.SLOWER, Word.NO_VERDICT}


def test_an_exact_change_counts_from_two_thirds_of_its_tolerance() -> None:
    def of(change: float, tolerance: float) -> Word:
        return by_tolerance(change, tolerance, more=Word.BETTER, less=Word.WORSE)

    assert [of(change, 0.01) for change in (-0.0101, -0.0099, -0.005, 0.0, 0.006, 0.02)] == [
        Word.WORSE, Word.WORSE, Word.UNCHANGED, Word.UNCHANGED, Word.UNCHANGED, Word.BETTER,
    ]  # fmt: skip
    assert of(1e-6, 0.0) is Word.BETTER
    assert of(0.0, 0.0) is Word.UNCHANGED


def test_what_is_silent_speaks_only_where_nothing_else_does() -> None:
    assert worst([]) is Word.NOT_MEASURED
    assert worst([Word.NOT_MEASURED, Word.SAME_CODE]) is Word.SAME_CODE
    assert worst([Word.SAME_CODE, Word.UNCHANGED]) is Word.UNCHANGED
    assert worst([Word.UNCHANGED, Word.NOT_SLOWER]) is Word.NOT_SLOWER
    assert worst([Word.NOT_SLOWER, Word.NO_VERDICT]) is Word.NO_VERDICT
    assert set(Word) == CHANGES | {*_SILENT, Word.NO_VERDICT}
