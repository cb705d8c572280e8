"""What is said of two runs, with runs that would make a fixed sentence false."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import said
from said import Rows, counts, scored, timed

from reports import compare_reports
from reports.draw.look import styled
from reports.read.run import load_run
from reports.two_runs.changes import quality_changes, time_changes
from reports.two_runs.history import run_times
from reports.two_runs.pair import read_pair
from reports.two_runs.sections import sections


def words(tmp_path: Path, base: Rows, head: Rows, *earlier: Rows) -> dict[str, str]:
    """Everything that the page says, by section."""
    names = ("base", "head", *(f"earlier{number}" for number in range(len(earlier))))
    runs = [said.write_rows(tmp_path / name, rows) for name, rows in zip(names, (base, head, *earlier), strict=True)]
    with styled():
        shown = tuple(sections(read_pair(runs[0], runs[1]), [load_run(run) for run in runs[2:]], "make it"))
    return {section.anchor: f"{said.text(section)} {section.command}" for section in shown}


def test_one_sample_each_gives_neither_an_interval_nor_a_verdict(tmp_path: Path) -> None:
    runs = [
        said.write_rows(tmp_path / name, timed("dct", seconds, count=1)) for name, seconds in (("a", 1.0), ("b", 2.0))
    ]
    (line,) = time_changes(read_pair(*runs)).to_dict("records")
    assert (line["ratio"], line["verdict"]) == (2.0, "no verdict: too noisy")
    assert np.isnan([line["low"], line["high"]]).all()


def test_times_on_other_threads_and_batches_are_told_apart(tmp_path: Path) -> None:
    rows = [*timed("dct", 1.0, threads=1), *timed("dct", 1.0, threads=2, batch=4)]
    run = said.write_rows(tmp_path / "run", rows)
    with styled():
        (times,) = (section for section in sections(read_pair(run, run), [], "") if section.anchor == "time")
    (table,) = times.grids
    shown = [dict(zip(table.columns, (cell.text for cell in line.cells), strict=True)) for line in table.lines]
    assert [(line["threads"], line["batch"]) for line in shown] == [("1", "1"), ("2", "4")]


def test_where_no_case_has_two_samples_there_is_no_floor_of_zero(tmp_path: Path) -> None:
    rule = words(tmp_path, timed("dct", 1.0, count=1), timed("dct", 1.0, count=1))["summary"]
    assert "What noise alone changes in one run is unknown" in rule
    assert "0.0%" not in rule
    assert "Of 1 case timed in both runs:" in rule


def test_halves_differ_by_no_more_than_is_said(tmp_path: Path) -> None:
    rows = [row | {"value": 1.00449 if row["repeat"] % 2 else 1.0} for row in timed("dct", 1.0)]
    assert "no more than 0.45 % in 95 %" in words(tmp_path, rows, rows)["summary"]


def test_a_method_that_is_worse_on_one_image_alone_is_not_said_to_lose_on_average(tmp_path: Path) -> None:
    summary = words(tmp_path, scored("dct", [30.0, 30.0]), scored("dct", [30.05, 29.95]))["summary"]
    assert re.search(r"DCT 8×8 is worse on an image, .* shows \([+−]?0\.000 dB PSNR; awgn, sigma 25\)\.", summary)
    assert "on the mean of its images" not in summary


def test_means_before_and_after_are_over_the_images_that_both_runs_have(tmp_path: Path) -> None:
    base = said.write_rows(tmp_path / "base", scored("dct", [30.0, 20.0]))
    head = said.write_rows(tmp_path / "head", scored("dct", [31.0]))
    (line,) = quality_changes(read_pair(base, head)).to_dict("records")
    assert (line["before"], line["after"], line["change"], line["n"]) == (30.0, 31.0, 1.0, 1)


def test_what_was_not_counted_is_not_said_to_be_unchanged(tmp_path: Path) -> None:
    assert "nothing changed" not in words(tmp_path, timed("dct", 1.0), timed("dct", 1.0))["exact"]
    both = [[*counts("dct", closed_form=8192.0), *timed("dct", 1.0)] for _ in range(2)]
    assert "Of 1 count in both runs nothing changed beyond the tolerances." in words(tmp_path / "b", *both)["exact"]


def test_runs_that_share_counts_alone_are_not_said_to_share_nothing(tmp_path: Path) -> None:
    same = words(tmp_path / "a", counts("dct", closed_form=8192.0), counts("dct", closed_form=8192.0))["summary"]
    more = words(tmp_path / "b", counts("dct", closed_form=8192.0), counts("dct", closed_form=9000.0))["summary"]
    assert "Of 1 count in both runs nothing changed" in same
    assert "What was counted changed in 1 line" in more
    assert "no successful case in common" not in same + more


def test_a_section_with_nothing_promises_no_command_that_fills_it(tmp_path: Path) -> None:
    found = words(tmp_path, scored("dct", 30.0), scored("dct", 30.0))
    assert "No case was timed in both runs." in found["time"]
    assert "No time is known of two runs or more." in found["history"]
    assert "No case was scored in both runs" in words(tmp_path / "b", timed("dct", 1.0), timed("dct", 1.0))["quality"]


def test_the_command_names_every_run_where_it_lies(tmp_path: Path) -> None:
    runs = [said.write_rows(tmp_path / name, timed("dct", 1.0)) for name in ("earlier", "base", "head")]
    page = compare_reports(*runs).read_text(encoding="utf-8")
    assert f"restobench report {tmp_path / 'earlier'} {tmp_path / 'base'} {tmp_path / 'head'}" in page


def test_series_of_other_threads_and_batches_are_not_mixed_in_the_history(tmp_path: Path) -> None:
    def rows(one: float, two: float) -> Rows:
        return [*timed("dct", one, threads=1), *timed("dct", two, threads=2), *timed("dct", 9.0, threads=2, batch=4)]

    runs = [load_run(said.write_rows(tmp_path / name, rows(*times))) for name, times in (("a", (4, 2)), ("b", (4, 3)))]
    found = run_times(runs)
    assert found.to_numpy().tolist() == [[4, 4], [2, 3], [9, 9]]
    assert list(found.index) == [
        "DCT 8×8, threads 1, batch 1",
        "DCT 8×8, threads 2, batch 1",
        "DCT 8×8, threads 2, batch 4",
    ]


def test_a_time_that_changed_by_nothing_is_not_one_time_itself(tmp_path: Path) -> None:
    found = words(tmp_path, timed("dct", 1.0), timed("dct", 1.0))
    assert "The largest change: DCT 8×8 takes about as long as the base (unchanged)." in found["time"]
    assert "times ended at 1× of the first" in found["history"]


def test_a_history_speaks_of_the_lines_that_it_draws(tmp_path: Path) -> None:
    base = [row for number in range(26) for row in timed(f"m{number}", 1.0)]
    head = [row for number in range(26) for row in timed(f"m{number}", 0.9 if number == 0 else 2.0 + number)]
    assert "Not drawn for want of room: 2 more." in words(tmp_path, base, head)["history"]


@pytest.mark.parametrize(("head", "takes"), [(2.0, "takes 2 times as long as the base [2× to 2×] at 256 × 256.")])
def test_what_is_slower_is_said_with_its_time(tmp_path: Path, head: float, takes: str) -> None:
    assert f"DCT 8×8 {takes}" in words(tmp_path, timed("dct", 1.0), timed("dct", head))["summary"]
