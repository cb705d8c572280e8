"""One writer: Markdown for people, CSV for programs."""

from __future__ import annotations

import csv
import io
import math

from hypothesis import given, strategies as st

from bench.record.table_text import shortened, to_csv, to_markdown

VALUES = st.one_of(
    st.none(), st.integers(), st.floats(allow_nan=False), st.text(st.characters(exclude_categories=["C"]))
)


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1))
def test_csv_keeps_every_value(lines: list[tuple[object, object]]) -> None:
    found = list(csv.reader(io.StringIO(to_csv([{"a": one, "b": two} for one, two in lines]) + "\n")))
    assert found == [["a", "b"], *(["" if value is None else str(value) for value in line] for line in lines)]


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1))
def test_every_line_of_markdown_has_the_same_cells(lines: list[tuple[object, object]]) -> None:
    table = to_markdown([{"a": one, "b": two} for one, two in lines]).split("\n")
    assert len(table) == len(lines) + 2
    assert {line.replace("\\|", "").count("|") for line in table} == {3}


def test_numbers_are_shown_with_six_digits_in_markdown_and_whole_in_csv() -> None:
    records = [{"x": math.pi * 1e3, "n": 1234567, "none": None}]
    assert to_markdown(records).endswith("| 3,141.59 | 1,234,567 |  |")
    assert to_csv(records) == "x,n,none\n3141.592653589793,1234567,"


def test_columns_are_those_of_the_first_record_whatever_the_order_of_the_others() -> None:
    assert to_csv([{"a": 1, "b": 2}, {"b": 4, "a": 3}]) == "a,b\n1,2\n3,4"
    assert to_markdown([]) == "Nothing was measured."


@given(st.text(), st.integers(3, 40))
def test_a_shortened_text_is_one_line_that_can_be_printed(text: str, most: int) -> None:
    line = shortened(text, most)
    assert len(line) <= most
    assert line.isprintable()


def test_a_short_text_stays_and_a_long_one_says_that_it_goes_on() -> None:
    assert shortened("as it\n is", 20) == "as it is"
    assert shortened("far too long", 8) == "far t..."
