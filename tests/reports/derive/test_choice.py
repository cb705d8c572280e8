"""What is chosen, what is next to it, and what comes closest where nothing fits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from reports.derive.choice import Candidate, Question, choose
from reports.derive.one_size import Ratio, Timed, ratio
from reports.sections.chooser import answer

SIZE = "512 × 512"
FAST = Candidate("fast", "dct", "denoise", 25.0, 28.0, ms=5.0, size=SIZE, mib=8.0)
GOOD = Candidate("good", "dct", "denoise", 25.0, 29.0, ms=13.0, size=SIZE, mib=8.0)
DEAR = Candidate("dear", "ffdnet", "denoise", 25.0, 30.5, ms=400.0, size=SIZE, mib=160.0, restricted=frozenset({"gpl"}))
POOR = Candidate("poor", "tv", "denoise", 25.0, 27.0, ms=90.0, size=SIZE)
OTHER = replace(DEAR, name="other", sigma=50.0)
ALL = (FAST, GOOD, DEAR, POOR, OTHER)
ASKED = Question("denoise", 25.0)


def names(question: Question) -> tuple[str, str, str]:
    """What is chosen, the next better and the cheaper, by name."""
    found = choose(ALL, question)
    chosen, better, cheaper = (one.name if one else "" for one in (found.chosen, found.better, found.cheaper))
    return chosen, better, cheaper


def test_a_budget_takes_the_best_that_fits_it_and_names_the_next_better() -> None:
    assert names(replace(ASKED, budget=30.0)) == ("good", "dear", "fast")
    assert names(replace(ASKED, budget=30.0, quality=29.0)) == ("good", "dear", "")
    assert names(replace(ASKED, budget=30.0, quality=28.0)) == ("good", "dear", "fast")


def test_a_quality_alone_takes_the_fastest_that_reaches_it() -> None:
    assert names(replace(ASKED, quality=28.5)) == ("good", "dear", "")


def test_without_limits_the_best_is_taken() -> None:
    assert names(ASKED) == ("dear", "", "good")


def test_what_is_not_surely_better_is_no_better_choice_and_says_so() -> None:
    slow = replace(GOOD, name="slow", db=29.01, ms=26.0, unsure=frozenset({"good"}))
    found = choose((FAST, GOOD, slow), replace(ASKED, budget=15.0))
    assert (found.chosen, found.better, found.front) == (GOOD, None, (FAST, GOOD))
    assert answer(found).text.startswith(
        "29.00 dB (1 image) in 13 ms per megapixel (timed at 512 × 512); nothing that is left is surely better; fast"
    )
    dear = choose((FAST, GOOD, slow), ASKED)
    assert "; good is 2 times as fast and is 0.01 dB (1 image) lower, which is not surely worse." in answer(dear).text


def test_limits_hold_to_the_last_digit_that_is_written() -> None:
    assert names(replace(ASKED, budget=13.0, quality=29.0))[0] == "good"
    assert names(replace(ASKED, budget=12.9))[0] == "fast"


def test_a_licence_that_is_refused_and_memory_that_is_not_known_leave_the_choice() -> None:
    found = choose(ALL, replace(ASKED, without=frozenset({"gpl"}), memory=100.0))
    assert [one.name for one in found.left] == ["fast", "good"]
    assert found.unknown == (("memory", 1),)
    assert [one.name for one in found.front] == ["fast", "good"]


def test_where_nothing_fits_each_limit_says_what_comes_closest() -> None:
    found = choose(ALL, replace(ASKED, budget=6.0, quality=30.0))
    assert found.chosen is None
    assert [(limit, one.name) for limit, one in found.closest] == [("budget", "dear"), ("quality", "fast")]
    found = choose(ALL, replace(ASKED, quality=30.0, without=frozenset({"gpl"})))
    assert [(limit, one.name) for limit, one in found.closest] == [("licence", "dear"), ("quality", "good")]


def test_time_and_memory_grow_with_the_image() -> None:
    assert names(replace(ASKED, budget=30.0, megapixels=3.0))[0] == "fast"
    assert choose(ALL, replace(ASKED, memory=20.0, megapixels=3.0)).left == ()


def test_what_was_not_timed_fits_no_budget_and_can_be_the_best() -> None:
    untimed = Candidate("untimed", "mine", "denoise", 25.0, 31.0)
    assert choose((*ALL, untimed), ASKED).chosen == untimed
    assert choose((*ALL, untimed), replace(ASKED, budget=1e9)).chosen == DEAR


@given(
    levels=st.lists(st.tuples(st.integers(2000, 4000), st.integers(1, 999)), min_size=1, max_size=12),
    budget=st.integers(1, 999) | st.none(),
    quality=st.integers(2000, 4000) | st.none(),
)
def test_no_other_candidate_that_fits_is_better_and_as_fast(
    levels: list[tuple[int, int]], budget: int | None, quality: int | None
) -> None:
    every = [Candidate(f"{n}", "m", "denoise", 25.0, db / 100, ms=float(ms)) for n, (db, ms) in enumerate(levels)]
    asked = replace(ASKED, budget=budget, quality=None if quality is None else quality / 100)
    found = choose(every, asked)
    fitting = [one for one in every if one.ms and one.ms <= (budget or 1e9) and one.db >= (quality or 0) / 100]
    assert (found.chosen is None) == (not fitting)
    if found.chosen and found.chosen.ms:
        assert found.chosen in fitting
        assert not [one for one in fitting if one.db > found.chosen.db and (one.ms or 0) <= found.chosen.ms]
        assert found.chosen in found.front
    front = [(one.ms, one.db) for one in found.front]
    assert front == sorted(front)
    assert [db for _, db in front] == sorted({db for _, db in front})


@pytest.mark.parametrize("limit", ["budget", "memory"])
def test_a_limit_of_nothing_is_a_limit(limit: str) -> None:
    assert choose(ALL, replace(ASKED, **{limit: 0.0})).chosen is None  # type: ignore[arg-type]  # either is a number


def test_times_of_different_sizes_stand_side_by_side_and_make_no_multiple() -> None:
    small = replace(DEAR, size="160 × 160")
    said = answer(choose((FAST, GOOD, small), ASKED)).text
    assert said.startswith("30.50 dB (1 image) in 400 ms per megapixel (timed at 160 × 160)")
    assert "good is 1.50 dB (1 image) worse and takes 13 ms per megapixel (timed at 512 × 512)." in said
    assert "times as" not in said
    assert "good is 1.50 dB (1 image) worse and is 30.8 times as fast." in answer(choose(ALL, ASKED)).text
    shared = replace(small, elsewhere=(Timed("512 × 512", 500.0),))
    assert ratio(shared.times, GOOD.times) == Ratio(500 / 13, "512 × 512")
    assert ratio(small.times, GOOD.times) is None


def test_a_time_that_is_written_as_equal_is_about_as_long() -> None:
    twin = replace(GOOD, name="twin", db=29.5, ms=13.01)
    said = answer(choose((GOOD, twin), replace(ASKED, budget=13.0))).text
    assert "twin is 0.50 dB (1 image) better and takes about as long" in said
