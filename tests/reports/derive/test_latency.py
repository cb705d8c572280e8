"""Percentiles and throughput are those of the stored samples, case by case."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import said
import synthetic

from reports.derive.summary import Summary
from reports.page import make_report, write_page
from reports.sections import latency

SAMPLES = np.random.default_rng(1).lognormal(-5, 0.3, 400)


def calls(samples: np.ndarray, *, phase: str = "measure", **case: Any) -> Iterator[dict[str, Any]]:
    case = {"task": "denoise", "height": 64, "width": 64, "quantity": "seconds", "phase": phase, **case}
    for repeat, value in enumerate(samples):
        yield synthetic.row("time", "dct", value=float(value), repeat=repeat, **case)


def summary(directory: Path, *rows: Iterator[dict[str, Any]]) -> Summary:
    return said.material(directory, [row for part in rows for row in part]).summary


def cells(directory: Path, *rows: Iterator[dict[str, Any]]) -> list[dict[str, str]]:
    shown = said.section(latency, directory, [row for part in rows for row in part])
    (table,) = shown.grids
    return [dict(zip(table.columns, (cell.text for cell in line.cells), strict=True)) for line in table.lines]


def test_percentiles_are_those_of_numpy_on_the_warm_calls_alone(tmp_path: Path) -> None:
    slow = np.full(3, 9.0)
    found = summary(tmp_path, calls(SAMPLES), *(calls(slow, phase=phase) for phase in ("first", "warmup", "build")))
    (line,) = found.latency.to_dict("records")
    assert [line["p50"], line["p90"], line["p99"]] == pytest.approx(np.percentile(SAMPLES, [50, 90, 99]), rel=1e-12)
    assert line["n"] == len(SAMPLES)
    assert line["p99_low"] <= line["p99"] <= line["p99_high"]


def test_each_batch_is_a_case_whose_images_per_second_are_the_batch_over_the_median(tmp_path: Path) -> None:
    found = summary(tmp_path, calls(SAMPLES), calls(3 * SAMPLES, batch=4))
    one, four = found.latency.sort_values("batch").to_dict("records")
    assert one["images_per_second"] == pytest.approx(1 / np.median(SAMPLES))
    assert four["images_per_second"] == pytest.approx(4 / (3 * np.median(SAMPLES)))
    assert four["per_image"] == pytest.approx(1 / four["images_per_second"])


def test_other_tables_of_time_hold_the_least_batch_alone(tmp_path: Path) -> None:
    found = summary(tmp_path / "a", calls(SAMPLES), calls(3 * SAMPLES, batch=4))
    assert found.timed["median"].tolist() == [pytest.approx(np.median(SAMPLES))]
    alone = summary(tmp_path / "b", calls(SAMPLES, batch=4))
    assert alone.timed["per_megapixel"].tolist() == [pytest.approx(np.median(SAMPLES) / (4 * 64 * 64) * 1e6)]


def test_too_few_calls_for_an_interval_say_how_many_it_needs(tmp_path: Path) -> None:
    line = cells(tmp_path, calls(SAMPLES[:100]))[0]
    table = said.section(latency, tmp_path / "b", calls(SAMPLES[:100])).grids[0]
    texts = [cell.text for cell in table.lines[0].cells]
    assert "needs more samples: 368 calls" in texts
    assert line["99th percentile"] not in {"", "–"}
    assert len([text for text in texts if " to " in text]) == 2


def test_samples_that_are_means_of_several_calls_say_so(tmp_path: Path) -> None:
    shown = said.section(latency, tmp_path, calls(SAMPLES, note="mean of 7 calls"))
    assert sum("mean of 7 calls" in cell.text for cell in shown.grids[0].lines[0].cells) == 3


def test_the_first_call_and_a_cold_start_stand_apart(tmp_path: Path) -> None:
    line = cells(
        tmp_path, calls(SAMPLES), calls(np.array([0.25]), phase="first"), calls(np.array([3.0, 4, 5]), phase="cold")
    )[0]
    assert (line["first call"], line["cold start"]) == ("250 ms", "4 s")


def test_the_figure_says_what_a_batch_gains(tmp_path: Path) -> None:
    shown = said.section(latency, tmp_path / "a", [*calls(SAMPLES), *calls(2 * SAMPLES, batch=4)])
    assert "a batch of 4 is 2 times as fast as one of 1, image for image" in said.text(shown)
    slower = said.section(latency, tmp_path / "b", [*calls(SAMPLES), *calls(8 * SAMPLES, batch=4)])
    assert "no batch restores more images a second than 1" in said.text(slower)
    assert not said.section(latency, tmp_path / "c", calls(SAMPLES)).charts


def test_percentiles_are_a_table_of_the_run(tmp_path: Path) -> None:
    directory = said.write_rows(tmp_path, calls(SAMPLES))
    write_page(make_report(directory), directory)
    header, line = (directory / "tables/latency.csv").read_text(encoding="utf-8").splitlines()
    values = dict(zip(header.replace('"', "").split(","), line.split(","), strict=True))
    assert float(values["p90_seconds"]) == pytest.approx(np.percentile(SAMPLES, 90), rel=1e-12)
