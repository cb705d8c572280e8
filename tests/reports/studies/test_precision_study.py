"""What the page says of precisions is what the rows have: a network that turned dark first, then times and losses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import synthetic

from reports.draw.look import styled
from reports.read.methods import Methods
from reports.read.run import Run
from reports.read.tables import experiment
from reports.studies.catalog import study_of
from reports.studies.study import Study

Ways = Mapping[str, tuple[float, float]]
"""PSNR and seconds by way."""

USUAL: Ways = {
    "published": (30.0, 0.2), "torch float32": (30.0, 0.1), "torch bfloat16": (29.5, 0.4),
    "openvino float32": (30.0, 0.08), "openvino int8": (29.7, 0.04),
}  # fmt: skip


def rows(*images: Ways, emulated: str) -> Iterator[dict[str, Any]]:
    for repeat, ways in enumerate(images):
        own = {"variant": "ffdnet", "image": f"i{repeat}", "sigma_255": 25.0}
        for part, (psnr, seconds) in ways.items():
            yield {**own, "part": part, "repeat": repeat, "quantity": "psnr_db", "value": psnr}
            yield {**own, "part": part, "repeat": repeat, "quantity": "seconds", "value": seconds}
        if emulated:
            note = f"no instructions for {emulated.rsplit(maxsplit=1)[-1]}"
            yield {**own, "part": emulated, "quantity": "emulated", "value": 1.0, "note": note}


def shown(*images: Ways, emulated: str = "") -> Study:
    made = rows(*images, emulated=emulated)
    frame = pd.DataFrame([synthetic.row("experiment", "precision", **fields) for fields in made])
    with styled():
        return study_of("precision", experiment(Run(Path(), {}, frame.astype({"value": float}))), Methods())


def test_time_and_decibels_of_each_way_are_said_and_drawn() -> None:
    found = shown(USUAL, USUAL, emulated="torch bfloat16")
    assert found.reading[0] == (
        "FFDNet, time of a call and mean decibels lost beside the published network, 2 images: torch float32 100 ms, "
        "0.00 dB; torch bfloat16 400 ms (4× its float32), 0.50 dB, emulated; openvino float32 80 ms, 0.00 dB; "
        "openvino int8 40 ms (0.5× its float32), 0.30 dB."
    )
    assert found.reading[1].startswith("This processor has no instructions for bfloat16: where it runs, it is emulated")
    (chart,) = found.charts
    assert chart.name == "precision"
    assert chart.finding == found.reading[0]
    (grid,) = found.grids
    assert len(grid.lines) == 4


def test_a_network_that_turns_dark_on_one_image_is_said_first() -> None:
    dark = {**USUAL, "openvino int8": (28.9, 0.04)}
    found = shown(USUAL, dark)
    assert found.reading[0] == (
        "No longer the same network, more than 1 dB lost on an image: FFDNet by openvino in int8 loses 1.10 dB on i1."
    )
    assert found.charts[0].finding == found.reading[0]
    assert "No longer" not in shown(USUAL, {**USUAL, "openvino int8": (29.0, 0.04)}).reading[0]


def test_without_the_published_network_there_is_nothing_to_lose_beside() -> None:
    found = shown({part: value for part, value in USUAL.items() if part != "published"})
    assert found.charts == ()
    assert found.reading == ("No network restored an image both as published and in another way.",)
