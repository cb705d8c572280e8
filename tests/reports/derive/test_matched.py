"""Time at matched quality, along a line of variants whose answer is known."""

from __future__ import annotations

import pytest

from reports.derive.choice import Candidate
from reports.derive.matched import Matched, time_at


def line(*points: tuple[float, float]) -> list[Candidate]:
    return [Candidate(f"{ms}", "dct", "denoise", 25.0, db, ms=ms) for ms, db in points]


def test_the_logarithm_of_time_is_interpolated_along_the_decibels() -> None:
    found = time_at(line((1.0, 26.0), (100.0, 30.0), (50.0, 25.0)), 28.0)
    assert found is not None
    assert found.ms == pytest.approx(10.0)
    assert not found.at_most


def test_what_is_measured_is_taken_as_it_is() -> None:
    found = time_at(line((1.0, 26.0), (100.0, 30.0)), 30.0)
    assert found is not None
    assert found.ms == pytest.approx(100.0)
    assert time_at(line((1.0, 26.0)), 26.0) == Matched(1.0)


def test_a_fastest_variant_that_is_better_gives_a_bound() -> None:
    assert time_at(line((4.0, 27.0), (9.0, 30.0)), 26.0) == Matched(4.0, at_most=True)


def test_not_reached_and_not_timed_are_none() -> None:
    assert time_at(line((1.0, 26.0)), 26.01) is None
    assert time_at([Candidate("x", "x", "denoise", 25.0, 40.0)], 26.0) is None
