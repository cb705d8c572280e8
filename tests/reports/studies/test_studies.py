"""The experiments' sections: what was put into the rows is what the reading says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import synthetic

from reports.draw.look import plain_svg, styled
from reports.read.methods import Methods
from reports.read.run import Run
from reports.read.tables import experiment
from reports.studies.catalog import study_of
from reports.studies.study import Study

Fields = dict[str, Any]


def table(name: str, rows: Iterator[Fields]) -> pd.DataFrame:
    frame = pd.DataFrame([synthetic.row("experiment", name, **fields) for fields in rows])
    return experiment(Run(Path(), {}, frame.astype({"value": float})))


def shown(name: str, rows: Iterator[Fields]) -> Study:
    with styled():
        return study_of(name, table(name, rows), Methods())


def thresholds() -> Iterator[Fields]:
    x = np.linspace(-4, 4, 81)
    soft = np.sign(x) * np.maximum(np.abs(x) - 1, 0)
    curves = {
        "hard": x * (np.abs(x) > 1),
        "soft": soft,
        "temperature 0.05": x * (np.abs(x) > 1),
        "temperature 3": soft * 1.1,
    }
    for part, values in curves.items():
        for place, (along, up) in enumerate(zip(x, values, strict=True)):
            yield {"part": part, "repeat": place, "quantity": "x", "value": float(along)}
            yield {"part": part, "repeat": place, "quantity": "output", "value": float(up)}
    yield {"part": "posterior", "quantity": "largest_difference", "value": 3e-8}


def learn_dct() -> Iterator[Fields]:
    for what, gain in (("learnt", 0.11), ("learnt two steps", 0.4)):
        yield {"part": f"8x8 sigma 25: {what}", "quantity": "gain_db", "value": gain, "sigma_255": 25.0}
    yield {"part": "8x8 sigma 25: learnt two steps", "quantity": "macs_per_pixel", "value": 3040.0}
    for place in range(64):
        part = "8x8 sigma 25: learnt"
        yield {"part": part, "quantity": "threshold_over_sigma", "value": place / 20, "repeat": place}


def color() -> Iterator[Fields]:
    for variant, options, psnr in (
        ("dct color_transform=none", '{"color_transform":"none"}', 28.0),
        ("dct color_transform=opp", '{"color_transform":"opp"}', 29.5),
        ("ffdnet default", "{}", 31.0),
    ):
        for image in ("a", "b"):
            case = {"variant": variant, "options": options, "image": image, "sigma_255": 25.0}
            yield {**case, "quantity": "psnr_db", "value": psnr}


def sr_distribution() -> Iterator[Fields]:
    for variant, scores in (("rdn-psnr-small", (36.0, 27.8, 31.8)), ("bicubic", (33.7, 30.0, 30.7))):
        for degradation, psnr in zip(("bicubic", "decimate", "blur-1.2-decimate-registered"), scores, strict=True):
            case = {"variant": variant, "degradation": degradation, "image": "a", "task": "upscale"}
            yield {**case, "quantity": "psnr_db", "value": psnr}
            if degradation != "bicubic":
                blur = 1.2 if degradation.startswith("blur") else 0.0
                yield {**case, "quantity": "blur_std_pixels", "value": blur}


def kernel_estimation() -> Iterator[Fields]:
    case = {"variant": "free"}
    yield {**case, "quantity": "correlation", "value": 0.996}
    yield {**case, "quantity": "relative_error", "value": 0.1}
    for place in range(16):
        yield {**case, "part": "found", "quantity": "kernel_weight", "value": place / 120, "repeat": place}
        yield {**case, "part": "true", "quantity": "kernel_weight", "value": place / 121, "repeat": place}
    for part in ("found", "true"):
        for place in range(4):
            yield {**case, "part": part, "quantity": "offset_pixels", "value": place - 1.5, "repeat": place}
            yield {**case, "part": part, "quantity": "profile", "value": 0.25, "repeat": place}
        yield {**case, "part": part, "quantity": "psnr_db", "value": 35.9, "image": "a"}


def ratio_sweep() -> Iterator[Fields]:
    yield {"quantity": "difference_255", "value": 0.3}
    for place in range(3):
        for part, seconds in (("shared", 0.05 + 0.01 * place), ("dense", 7.2)):
            yield {"part": part, "quantity": "seconds", "value": seconds, "repeat": place, "note": "26 ratios"}


@pytest.mark.parametrize(
    ("rows", "charts", "words"),
    [
        (thresholds, 1, ["temperature 0.05", "within 0 of the hard one", "no more than 3e-08"]),
        (
            learn_dct,
            2,
            ["+0.110 dB", "highest there is +0.400 dB, by “learnt two steps”", "learnt two steps +0.40 dB for 3,040."],
        ),
        (color, 1, ["FFDNet 31.00 dB", "changes DCT 8×8 by +1.50 dB"]),
        (sr_distribution, 2, ["+2.30 dB on bicubic input", "-2.20 dB on decimate input", "behind on 1 of 3"]),
        (kernel_estimation, 3, ["correlation 0.996, relative error 0.100", "35.90 dB (found)"]),
        (ratio_sweep, 1, ["26 ratios take 60 ms", "7.2 s one by one", "120×", "more than 0.3 / 255"]),
    ],
)
def test_an_experiment_reads_as_its_rows_say(rows: Any, charts: int, words: list[str]) -> None:
    found = shown(rows.__name__.replace("_", "-"), rows())
    assert len(found.charts) == charts
    reading = " ".join(found.reading)
    for word in words:
        assert word in reading


def test_maps_are_drawn_without_images_which_the_page_would_not_show() -> None:
    for rows in (learn_dct, kernel_estimation):
        for chart in shown(rows.__name__.replace("_", "-"), rows()).charts:
            assert "<image" not in plain_svg(chart.figure)


def test_the_mean_that_is_never_removed_leaves_the_colours_to_the_other_thresholds() -> None:
    chart = shown("learn-dct", learn_dct()).charts[1]
    assert chart.finding.startswith("Thresholds run from 0.05 to 3.15 times sigma")
    assert chart.figure.axes[0].collections[0].get_clim() == (0.05, 3.15)


@pytest.mark.parametrize(
    "name", ["thresholds", "learn-threshold", "learn-dct", "color", "sr-distribution", "kernel-estimation", "mine"]
)
def test_an_experiment_without_its_usual_rows_still_shows_what_it_has(name: str) -> None:
    rows = ({"part": "p", "quantity": "height", "value": float(place), "repeat": place} for place in range(5))
    found = shown(name, rows)
    assert len(found.charts) == 1
    assert "goes from 0 to 4 (p)" in found.charts[0].finding


@pytest.mark.parametrize("name", ["thresholds", "learn-dct", "color", "sr-distribution", "kernel-estimation", "mine"])
def test_an_experiment_that_failed_shows_nothing(name: str) -> None:
    assert shown(name, iter([{"quantity": "failure", "value": float("nan"), "note": "diverged"}])) == Study(())
