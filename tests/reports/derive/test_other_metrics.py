"""Metrics beside the usual scores are read from `run.json` and averaged, compared and drawn by their records alone."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import said
import synthetic

import restoration
from reports import notebook, terminal
from reports.derive.fronts import tradeoff
from reports.derive.scores import on_shared_images
from reports.derive.summary import leaderboard
from reports.page import make_report
from reports.read.metrics import USUAL, Metric, metrics_of, names_of, others_of
from restoration.errors import OptionError

BLUR = {"name": "blur", "title": "Blur", "unit": "px", "better": "smaller", "digits": 3}


def test_records_become_metrics_and_broken_ones_are_passed_over() -> None:
    broken = [{"name": "a"}, {"digits": 2}, {"name": "", "digits": 1}, {"name": "b", "digits": "2"}, {"name": "ssim"}]
    (found,) = others_of(metrics_of([BLUR, *broken, {"name": "psnr_db", "digits": 9}]))
    assert metrics_of([]) == USUAL
    assert (found.heading, found.said(1.23456), found.least) == ("Blur (px), less is better", "1.235 px", True)


def test_the_front_of_a_metric_goes_the_way_that_is_better() -> None:
    lines = pd.DataFrame(
        {
            "task": "denoise", "degradation": "awgn", "sigma_255": 25.0, "scale": 1, "channels": 1, "board": 0,
            "compared": True, "label": list("abc"), "method": list("abc"), "ratio": 2.7, "psnr_db": [30.0, 31.0, 32.0],
            "blur": [1.0, 3.0, 0.5],
        }
    )  # fmt: skip
    timed = pd.DataFrame(
        {
            "label": list("abc"), "scale": 1, "channels": 1, "pixels": 512.0 * 512, "low": 1.0, "high": 1.0,
            "per_megapixel": [1.0, 2.0, 3.0], "height": 512, "width": 512, "batch": 1,
        }
    )  # fmt: skip
    failed = pd.DataFrame({"label": [], "scale": [], "channels": [], "error": []})
    counted = lines.assign(image="one", seed=0)
    found = tradeoff(
        lines, counted, timed, failed.astype({"label": object}), [Metric("blur", "Blur", better="smaller")]
    )
    assert found["front"].tolist() == [True, True, True]
    assert found["front_blur"].tolist() == [True, False, True]


def test_a_metric_is_compared_on_the_images_on_which_all_have_it() -> None:
    counted = pd.DataFrame(
        {
            "task": "denoise", "degradation": "awgn", "sigma_255": 25.0, "scale": 1, "channels": 1, "board": 0,
            "label": list("aabb"), "image_seed": [0, 1, 0, 1], "blur": [1.0, np.nan, 2.0, 3.0],
        }
    )  # fmt: skip
    assert on_shared_images(counted, ["blur"])["blur"].isna().tolist() == [False, True, False, True]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A run of two methods on two images, with a metric of its own, one reading of which failed by itself."""
    rows = [*synthetic.tried("nlm", {"a": 30.0, "b": 20.0}), *synthetic.tried("tv", {"a": 29.0, "b": 19.0})]
    scores = [row for row in rows if row["quantity"] == "psnr_db"]
    own = [{**row, "quantity": "blur", "unit": "px", "value": float(row["value"]) / 10} for row in scores]
    own[3] |= {"value": None, "error": "RangeError: metric blur: returned nan"}
    timed = [
        synthetic.row(
            "time", method, height=512, width=512, quantity="seconds", unit="s", phase="measure", value=seconds
        )
        for method, seconds in (("nlm", 1.0), ("tv", 2.0))
    ]
    return synthetic.write_rows(tmp_path / "run", [*rows, *own, *timed], metrics=[BLUR])


def test_it_stands_in_tables_figures_and_the_terminal(directory: Path) -> None:
    report = make_report(directory)
    best = {line["method"]: line["blur"] for line in terminal.best(report)}
    assert list(best.values()) == [3.0, 2.9]  # both over the image `a` alone
    assert report.summary.tables["quality"]["psnr_db"].notna().all()
    sections = {section.anchor: section for section in report.sections}
    (chart,) = (chart for chart in sections["tradeoff"].charts if chart.name.startswith("blur"))
    assert "The best Blur, 2.900 px, is that of " in chart.finding
    assert "Blur (px), less is better" in sections["denoising"].grids[0].columns
    assert "metric blur: returned nan" in str(report.status.errors)
    assert "<th>Blur (px), less is better</th>" in notebook.shown(report.run, report.summary)


def test_a_run_without_a_psnr_has_its_other_fronts_and_no_sentence_about_nan(tmp_path: Path) -> None:
    case = {"image": "a", "degradation": "given", "quantity": "blur", "unit": "px"}
    dct = [(ratio, stride) for ratio in (2.4, 2.7, 3.0) for stride in (1, 4, 8)]
    rows = [
        synthetic.row(
            "quality", "dct", **case, task="denoise", sigma_255=25.0, value=ratio + stride,
            options={"block_size": 8, "stride": stride, "ratio": ratio},
        )
        for ratio, stride in dct
    ]  # fmt: skip
    rows += [
        synthetic.row("quality", name, **case, task="upscale", scale=2, channels=3, value=value)
        for name, value in (("bicubic", 2.0), ("rdn-psnr-small", 1.0))
    ]
    for stride in (1, 4, 8):
        rows += said.timed("dct", 1 / stride, options={"block_size": 8, "stride": stride})
    for number, name in enumerate(("bicubic", "rdn-psnr-small")):
        rows += said.timed(name, 1.0 + number, task="upscale", scale=2, channels=3)
    report = make_report(synthetic.write_rows(tmp_path / "run", rows, metrics=[BLUR]))
    assert not report.summary.standings["front"].any()
    assert report.summary.standings["front_blur"].any()
    assert not re.search(r"\bnan\b", " ".join(said.text(section) for section in report.sections))
    assert any(chart.name.startswith("blur") for section in report.sections for chart in section.charts)
    assert [line["psnr_db"] for line in terminal.best(report)] == [None] * 5


def test_no_metric_is_called_as_another_column_of_the_tables(directory: Path) -> None:
    summary = make_report(directory).summary
    tables = (summary.standings, summary.comparison.tries, leaderboard(summary))
    columns = {str(name) for table in tables for name in table.columns} | {"run", "revision", "machine"}
    for name in columns - set(names_of(summary.metrics)):
        with pytest.raises(OptionError, match="none of other columns"):
            restoration.Metric(name, print, "bigger")
