"""The score of efficient super-resolution is the published formula, over a baseline timed on the same machine."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import said
import synthetic
from said import counts, scored, timed

from reports.derive.challenge import challenge
from reports.sections import challenge as section

UP = {"task": "upscale", "scale": 4, "channels": 3}


def upscaler(name: str, seconds: float, macs: float, parameters: float) -> Iterator[dict[str, Any]]:
    case = {**UP, "height": 1024, "width": 1024}
    yield from timed(name, seconds, size=1024, **UP)
    yield from counts(name, fvcore=macs, **case)
    yield synthetic.row("cost", name, quantity="parameters", value=parameters, **case)


SPAN = (0.5, 9.4, 150688.0)


def scores(directory: Path, *rows: Iterator[dict[str, Any]], baseline: str = "span") -> dict[str, float]:
    table = challenge(said.material(directory, [row for part in rows for row in part]).summary, baseline)
    return dict(zip(table["method"], table["score"], strict=True))


def test_the_baseline_scores_e_squared_and_others_by_the_formula(tmp_path: Path) -> None:
    found = scores(tmp_path, upscaler("span", *SPAN), upscaler("mine", 0.25, 18.8, 75344.0))
    assert found["span"] == pytest.approx(math.exp(2))
    assert found["mine"] == pytest.approx(0.8 * math.exp(1) + 0.1 * math.exp(4) + 0.1 * math.exp(1))


def test_a_lower_score_comes_first_and_a_missing_one_last(tmp_path: Path) -> None:
    slow, fast, part = (
        upscaler("slow", 1.0, *SPAN[1:]),
        upscaler("fast", 0.1, *SPAN[1:]),
        timed("part", 1, size=1024, **UP),
    )
    assert list(scores(tmp_path, slow, upscaler("span", *SPAN), fast, part)) == ["fast", "span", "slow", "part"]


def test_without_the_baseline_there_is_no_score(tmp_path: Path) -> None:
    found = scores(tmp_path, upscaler("mine", *SPAN))
    assert math.isnan(found["mine"])


def test_other_sizes_scales_and_batches_do_not_enter(tmp_path: Path) -> None:
    other = (timed("mine", 9.0, size=1024, batch=4, **UP), timed("mine", 9.0, size=256, **UP))
    assert scores(tmp_path, *other, upscaler("span", *SPAN)).keys() == {"span"}


def test_operations_are_those_of_the_published_size_and_the_missing_part_is_named(tmp_path: Path) -> None:
    rows = [*upscaler("span", *SPAN), *timed("part", 1.0, size=1024, **UP), *scored("part", 27.0, **UP)]
    found = said.section(section, tmp_path, rows, spec={"baseline": "span"})
    (table,) = found.grids
    line = dict(zip(table.columns, (cell.text for cell in table.lines[0].cells), strict=True))
    assert line["operations (fvcore)"] == f"{9.4 * 1024**2:,.0f}"
    assert line["score (lower is better)"] == "7.389"
    assert "part has no score: of its operations and parameters nothing can be set against" in said.text(found)


def test_a_spec_without_a_baseline_has_no_such_section(tmp_path: Path) -> None:
    assert said.section(section, tmp_path, upscaler("span", *SPAN), spec={}).empty
