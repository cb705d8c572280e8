"""A latency is a result only where the queries, the time and the quality are what the rules ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import said
from said import scored, timed

from reports import notebook
from reports.page import make_report
from reports.sections import stream
from reports.sections.section import Section

RULES = {"queries": 1024, "round_seconds": 60, "floor_db": {"denoise": 28, "upscale": 33}}


def shown(directory: Path, psnr: float | None, *, count: int = 1024, each: float = 0.06, **spec: Any) -> Section:
    rows = [*timed("dct", each, count=count), *(scored("dct", psnr) if psnr else ())]
    return said.section(stream, directory, rows, spec={**RULES, **spec})


def cells(section: Section) -> dict[str, str]:
    (table,) = section.grids
    return dict(zip(table.columns, (cell.text for cell in table.lines[0].cells), strict=True))


def test_a_latency_by_the_rules_is_a_result(tmp_path: Path) -> None:
    found = shown(tmp_path, 28.0)
    line = cells(found)
    assert (line["90th percentile latency"], line["outcome"]) == ("60 ms", "the floor holds")
    assert "The queries and the time are those of the rules." in said.text(found)


@pytest.mark.parametrize(("psnr", "outcome"), [(27.99, "below the floor"), (None, "no PSNR was measured")])
def test_below_the_floor_there_is_no_latency(tmp_path: Path, psnr: float | None, outcome: str) -> None:
    line = cells(shown(tmp_path, psnr))
    assert line["outcome"] == f"refused: {outcome}"
    assert (line["90th percentile latency"], line["95 % interval"]) == ("–", "")


def test_the_lowest_mean_of_all_degradations_has_to_reach_the_floor(tmp_path: Path) -> None:
    rows = [*timed("dct", 0.06), *scored("dct", [27.0, 31.0]), *scored("dct", 27.5, sigma_255=50.0)]
    assert cells(said.section(stream, tmp_path, rows, spec=RULES))["PSNR (dB)"] == "27.50"


def test_a_floor_is_of_a_task(tmp_path: Path) -> None:
    line = cells(shown(tmp_path, 40.0, floor_db={"upscale": 33}))
    assert line["outcome"] == "refused: the spec states no floor for its task"


@pytest.mark.parametrize(("count", "each"), [(1023, 1.0), (1024, 0.05)])
def test_fewer_queries_or_less_time_than_the_rules_ask_for_is_said(tmp_path: Path, count: int, each: float) -> None:
    line = cells(shown(tmp_path, 30.0, count=count, each=each))
    assert line["outcome"] == "the floor holds; fewer queries or less time than the rules ask for"


def test_a_spec_that_asks_for_less_is_named_as_scaled_down(tmp_path: Path) -> None:
    found = said.text(shown(tmp_path, 30.0, queries=64, round_seconds=1))
    assert "Scaled down to 64 queries and 1 s: not comparable with figures by the full rules." in found


def test_a_run_without_a_floor_has_no_such_section(tmp_path: Path) -> None:
    assert shown(tmp_path, 30.0, floor_db={}).empty


def test_a_refused_run_says_so_first_and_is_not_well(tmp_path: Path) -> None:
    rows = [*timed("dct", 0.06), *scored("dct", 27.0)]
    report = make_report(said.write_rows(tmp_path, rows, spec=RULES))
    assert report.status.refused == ("DCT 8×8 at 256 × 256: 27.00 dB is below the floor of 28 dB",)
    assert not report.status.well
    assert f"Refused: {report.status.refused[0]}." in notebook.shown(report.run, report.summary)
