"""A stranger's rows may hold any number; those that nothing measured can have are left out, and that is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import synthetic

from reports.read.run import load_run
from reports.read.tables import all_tables, write_tables

ROW = synthetic.row("time", "dct", height=64, width=64, quantity="seconds", value=0.5, phase="measure")


def read(folder: Path, **changed: object) -> tuple[int, tuple[str, ...]]:
    """How many of two rows, one of them changed, are read, and what is said of it."""
    lines = [json.dumps(row) + "\n" for row in (ROW, {**ROW, **changed})]
    (folder / "rows.jsonl").write_text("".join(lines), encoding="utf-8")
    (folder / "run.json").write_text(json.dumps(synthetic.about(synthetic.Content())), encoding="utf-8")
    run = load_run(folder)
    write_tables(all_tables(run), folder)
    return len(run.rows), run.problems


@pytest.mark.parametrize(
    "changed",
    [
        {"height": -5}, {"height": 1e300}, {"width": 0.5}, {"threads": -1}, {"channels": 0}, {"scale": 1e18},
        {"seed": 1e300}, {"sigma_255": -1}, {"sigma_255": "inf"}, {"repeat": "nan"}, {"value": 1e300}, {"value": -0.5},
        {"value": 0}, {"quantity": "macs_per_pixel", "value": -1}, {"quantity": "peak_bytes", "value": -1},
    ],
)  # fmt: skip
def test_a_number_that_nothing_measured_has_costs_its_row_alone(tmp_path: Path, changed: dict[str, object]) -> None:
    assert read(tmp_path, **changed) == (
        1, ("1 of the rows hold numbers that nothing measured can have: they are left out.",)
    )  # fmt: skip


@pytest.mark.parametrize(
    "changed",
    [
        {"quantity": "mean_offset_255", "value": -3}, {"quantity": "macs_per_pixel", "value": 0}, {"seed": 2**32 - 1},
        {"quantity": "psnr_db", "kind": "quality", "value": "inf"}, {"quantity": "failure", "value": None},
    ],
)  # fmt: skip
def test_what_can_be_measured_stays(tmp_path: Path, changed: dict[str, object]) -> None:
    count, problems = read(tmp_path, **changed)
    assert count == 2
    assert not any("nothing measured" in problem for problem in problems)
