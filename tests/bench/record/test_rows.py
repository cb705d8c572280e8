"""Rows survive the trip to disk and back, and a crash in the middle of a write."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from bench.errors import RowsError
from bench.plan.case import Case, Reading, options_text
from bench.record.rows import FILE_NAME, Row, RowFile, keep_rows, read_rows

TEXT = st.text(max_size=20)
CASES = st.builds(
    Case,
    kind=st.sampled_from(["cost", "time", "quality"]),
    method=TEXT,
    variant=TEXT,
    image=TEXT,
    height=st.integers(0, 10**6),
    sigma_255=st.floats(0, 255),
    seed=st.integers(0, 2**32 - 1),
)
READINGS = st.builds(
    Reading,
    quantity=TEXT,
    value=st.none() | st.floats(allow_nan=False),
    part=TEXT,
    note=TEXT,
    repeat=st.integers(0, 99),
)
ROWS = st.builds(Row, run=TEXT, case=CASES, reading=READINGS, error=TEXT)


@given(ROWS)
def test_row_to_json_to_row_is_the_identity(row: Row) -> None:
    line = row.to_json()
    assert "\n" not in line
    assert Row.from_json(line) == row


@given(ROWS)
def test_a_row_is_one_flat_object_of_scalars(row: Row) -> None:
    flat = json.loads(row.to_json())
    assert all(isinstance(value, str | int | float | bool | None) for value in flat.values())


def test_an_undefined_value_is_kept_as_such() -> None:
    row = Row("r", Case("time", "m"), Reading("seconds", math.nan))
    back = Row.from_json(row.to_json()).reading.value
    assert back is not None
    assert math.isnan(back)


@pytest.mark.parametrize("line", ["", "{}", "[1]", '{"run": "r"}', "null", '{"run": 1,'])
def test_what_is_no_row_is_refused_in_one_line(line: str) -> None:
    with pytest.raises(RowsError, match="not a row of schema"):
        Row.from_json(line)


def rows(count: int) -> list[Row]:
    return [Row("r", Case("time", "m"), Reading("seconds", float(i), repeat=i)) for i in range(count)]


def test_a_torn_last_line_is_dropped_and_writing_goes_on(tmp_path: Path) -> None:
    with RowFile(tmp_path) as file:
        file.append(rows(3))
    path = tmp_path / FILE_NAME
    path.write_bytes(path.read_bytes()[:-7])
    assert list(read_rows(tmp_path)) == rows(2)
    with RowFile(tmp_path) as file:
        file.append(rows(1))
    assert list(read_rows(tmp_path)) == [*rows(2), *rows(1)]


def test_kept_rows_replace_the_file_at_once(tmp_path: Path) -> None:
    with RowFile(tmp_path) as file:
        file.append(rows(5))
    keep_rows(tmp_path, rows(2))
    assert list(read_rows(tmp_path)) == rows(2)
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_options_are_written_the_same_whatever_their_order() -> None:
    assert options_text({"b": 1, "a": 2.5}) == options_text({"a": 2.5, "b": 1}) == '{"a":2.5,"b":1}'


def test_a_name_that_is_no_utf8_is_kept_as_it_is(tmp_path: Path) -> None:
    case = Case("quality", "dct", image=os.fsdecode(b"b\xff.png"))
    with RowFile(tmp_path) as file:
        file.append([Row("r", case, Reading("psnr_db", 1.0, "dB"))])
    keep_rows(tmp_path, list(read_rows(tmp_path)))
    assert [row.case for row in read_rows(tmp_path)] == [case]
    (tmp_path / "rows.jsonl").read_bytes().decode("utf-8")


def test_a_row_that_was_written_before_there_were_batches_is_of_one_image() -> None:
    row = Row("run", Case("time", "noisy", batch=4), Reading("seconds", 1.0))
    flat = json.loads(row.to_json())
    assert flat.pop("batch") == 4
    assert Row.from_json(json.dumps(flat)).case.batch == 1
