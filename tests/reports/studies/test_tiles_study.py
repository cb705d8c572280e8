"""What the page says of tiles is what the rows have, also where that is odd."""

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
    "whole": (30.0, 1.0), "exact": (30.0, 2.0), "overlap 0": (29.8, 0.9), "overlap 8": (29.996, 1.1),
    "overlap 16": (29.999, 1.5),
}  # fmt: skip


def rows(*images: Ways, **case: Any) -> Iterator[dict[str, Any]]:
    for repeat, ways in enumerate(images):
        own = {"variant": "ffdnet", "image": f"i{repeat}", "sigma_255": 25.0, **case}
        yield {**own, "quantity": "tile_pixels", "value": 64.0}
        for part, (psnr, seconds) in ways.items():
            yield {**own, "part": part, "repeat": repeat, "quantity": "psnr_db", "value": psnr}
            yield {**own, "part": part, "repeat": repeat, "quantity": "seconds", "value": seconds}
            if part != "whole":
                seam = 0.001 if part == "exact" else 30 - psnr
                yield {**own, "part": part, "repeat": repeat, "quantity": "seam_255", "value": seam}
                yield {**own, "part": part, "repeat": repeat, "quantity": "largest_seam_255", "value": 5 * seam}


def shown(*images: Ways) -> Study:
    frame = pd.DataFrame([synthetic.row("experiment", "tiles", **fields) for fields in rows(*images)])
    with styled():
        return study_of("tiles", experiment(Run(Path(), {}, frame.astype({"value": float}))), Methods())


def test_losses_by_overlap_and_from_which_on_they_are_little_are_said() -> None:
    found = shown(USUAL, USUAL)
    assert found.reading[0] == (
        "FFDNet in tiles of 64 pixels loses beside the whole image, by the pixels read around a tile: 0.200 dB at 0, "
        "0.004 dB at 8, 0.001 dB at 16 (means of 2 images); from 8 on it is less than 0.01 dB off on every image."
    )
    assert [chart.name for chart in found.charts] == ["tiles-lost-db", "tiles-seam-255"]
    assert [line.cells[1].text for line in found.grids[0].lines] == list(USUAL)


def test_one_image_that_loses_much_makes_no_overlap_little() -> None:
    bad = {**USUAL, "overlap 16": (29.5, 1.5)}
    assert "with none of these is it less than 0.01 dB" in shown(USUAL, bad).reading[0]


def test_a_gain_is_no_little_loss() -> None:
    better = {**USUAL, "overlap 8": (30.3, 1.1), "overlap 16": (30.3, 1.1)}
    said = shown(better).reading[0]
    assert "\N{MINUS SIGN}0.300 dB at 8" in said
    assert "with none of these is it less than 0.01 dB off" in said


def test_exact_tiles_that_are_not_exact_are_said_to_differ() -> None:
    off = {**USUAL, "exact": (30.4, 2.0)}
    said = " ".join(shown(USUAL, off).reading)
    assert "In exact tiles no PSNR differs by more than 0.4 dB and no seam is higher than 0.005 / 255" in said
    assert "FFDNet takes 2 times as long as the whole image" in said


def test_ways_are_compared_on_the_images_that_the_whole_was_restored_of() -> None:
    alone = {"overlap 0": (10.0, 1.0)}
    assert "0.200 dB at 0" in shown(USUAL, alone).reading[0]


def test_what_rounds_to_nothing_has_no_sign_and_the_ways_are_in_order_whatever_was_timed_first() -> None:
    tiny = dict(reversed({**USUAL, "overlap 8": (30.00002, 1.1)}.items()))
    found = shown(tiny)
    assert "0.200 dB at 0, 0.000 dB at 8" in found.reading[0]
    assert not {"-0.000", "\N{MINUS SIGN}0.000"} & set(found.reading[0].split())
    assert [line.cells[1].text for line in found.grids[0].lines] == list(USUAL)
    assert found.grids[0].lines[3].cells[3].text == "0.0000"


def test_without_a_whole_image_nothing_is_compared() -> None:
    assert shown({"overlap 0": (29.0, 1.0)}) == Study(())
