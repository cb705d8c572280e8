"""Numbers read well, and what is said of them stays true when they are rounded."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, strategies as st

from reports.draw.number_text import (
    at_most_text,
    counted,
    digits_text,
    fast_text,
    listed,
    long_text,
    many_text,
    reach_text,
    seconds_text,
    signed,
    takes_text,
    times_text,
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (2.61e-3, "2.61 ms"),
        (1.0, "1 s"),
        (125.4, "125 s"),
        (3e-6, "3 µs"),
        (5e-9, "5 ns"),
        (-3e-6, "\N{MINUS SIGN}3 µs"),
        (math.nan, "–"),
    ],
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.30345, "0.31"), (0.3, "0.3"), (4e-8, "4e-08"), (0.0, "0"), (99.7, "100"), (1.0, "1")]
)
def test_a_bound_is_rounded_up(value: float, text: str) -> None:
    assert at_most_text(value) == text


@given(st.floats(1e-12, 1e9))
def test_nothing_exceeds_what_it_is_said_to_be_at_most(value: float) -> None:
    assert value <= float(at_most_text(value)) <= value * 1.11


@pytest.mark.parametrize("ratio", [1.0, 1.0004, 0.9996])
def test_a_ratio_that_is_written_as_one_is_no_multiple(ratio: float) -> None:
    assert takes_text(ratio, "B") == "takes about as long as B"
    assert fast_text(ratio, "B") == "about as fast as B"


def test_other_ratios_are_said_with_their_number() -> None:
    assert takes_text(1.31, "B") == "takes 1.31 times as long as B"
    assert takes_text(1 / 58, "B") == "is 58 times as fast as B"
    assert fast_text(58, "B") == "58 times as fast as B"
    assert fast_text(0.5, "B") == "2 times as slow as B"
    assert (long_text(63.1), long_text(1.0004)) == ("63.1 times as long", "about as long")
    assert (many_text(79.93), many_text(1.0)) == ("79.9 times as", "about as")
    assert times_text(math.nan) == "–"


def test_an_interval_without_bounds_is_not_written() -> None:
    assert reach_text("1 s", "2 s") == " [1 s to 2 s]"
    assert reach_text(seconds_text(math.nan), "2 s") == ""


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ("", ""),
        ("A", "A"),
        ("AB", "A and B"),
        ("ABCD", "A, B, C and D"),
        ("ABCDE", "A, B, C, D and 1 other"),
        ("ABCDEFG", "A, B, C, D and 3 others"),
        ("AAB", "A and B"),
    ],
)
def test_names_are_listed_as_in_a_sentence(names: str, text: str) -> None:
    assert listed(names) == text


def test_one_is_not_said_in_the_plural() -> None:
    assert [counted(number, "image") for number in (0, 1, 2, 24933)] == [
        "0 images",
        "1 image",
        "2 images",
        "24,933 images",
    ]


@pytest.mark.parametrize(
    ("number", "text"),
    [(1020.0, "1,020"), (999.9, "1,000"), (0.0172, "0.0172"), (-2.5, "\N{MINUS SIGN}2.5"), (4e-8, "4·10⁻⁸")],
)
def test_a_number_has_no_exponent_of_a_computer(number: float, text: str) -> None:
    assert digits_text(number) == text


@pytest.mark.parametrize(
    ("written", "text"), [("-0.17", "\N{MINUS SIGN}0.17"), ("-0.00", "0.00"), ("+1.5", "+1.5"), ("", "")]
)
def test_a_minus_is_a_minus_sign_and_nothing_has_none(written: str, text: str) -> None:
    assert signed(written) == text
