"""The experiment on tiles: its figures are those of the whole network, cut as `tiled` cuts; odd input is said."""

from __future__ import annotations

import pytest
import torch

from bench.errors import SpecError
from bench.experiments.scene import FAILURE, Scene
from bench.experiments.tiles import run, seam_steps
from bench.plan.case import Case, Reading
from bench.record.attempt import SKIPPED
from restoration.images import Picture, bundled_image
from restoration.method import Option
from restoration.weights import find

Rows = list[tuple[Case, Reading]]

CLEAN = bundled_image("camera").pixels[:, 200:296, 180:276]


def rows(**options: Option) -> Rows:
    scene = Scene(gray=(Picture("crop", CLEAN),), color=(), seed=3, threads=1, device="cpu", save_picture=lambda *_: "")
    return list(run({"networks": "ffdnet", "tile": 32, "side": 96, "overlaps": "0,8,48", **options}, scene))


def values(found: Rows, quantity: str) -> dict[str, float]:
    return {reading.part: float(reading.value or 0) for _, reading in found if reading.quantity == quantity}


@pytest.mark.skipif(not find("ipol-gray"), reason="FFDNet's weights are not here")
def test_tiles_that_see_enough_lose_nothing_and_smaller_overlaps_leave_higher_seams() -> None:
    found = rows()
    psnr, seams = values(found, "psnr_db"), values(found, "seam_255")
    assert list(seams) != []
    assert psnr["exact"] == pytest.approx(psnr["whole"], abs=1e-4)
    assert psnr["overlap 48"] == pytest.approx(psnr["whole"], abs=1e-4)
    assert psnr["overlap 0"] < psnr["whole"] - 0.02
    assert seams["overlap 0"] > seams["overlap 8"] > 0.01 > seams["overlap 48"]
    assert set(values(found, "seconds")) == set(psnr) == set(values(found, "alive_bytes"))
    assert values(found, "alive_bytes")["overlap 0"] < values(found, "alive_bytes")["whole"]


def test_the_height_of_a_seam_is_what_a_step_across_the_border_differs_by() -> None:
    whole = torch.rand(1, 4, 6)
    restored = whole.clone()
    restored[..., 2:, :] += 0.25
    steps = seam_steps(restored, whole, 2)
    assert len(steps) == 6 + 2 * 4
    assert steps[:6] == pytest.approx(torch.full((6,), 0.25))
    assert steps[6:].max() < 1e-6


def test_an_image_no_larger_than_a_tile_has_no_seams() -> None:
    assert seam_steps(torch.zeros(1, 8, 8), torch.ones(1, 8, 8), 8).numel() == 0


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"tile": 0}, "tile must be from 1 to side - 1, got tile=0"),
        ({"tile": 96}, "tile must be from 1 to side - 1, got tile=96 and side=96"),
        ({"overlaps": "0,-8"}, "overlaps are whole numbers of 0 or more by commas, got '0,-8'"),
        ({"overlaps": ""}, "overlaps are whole numbers"),
    ],
)
def test_a_cut_that_is_none_is_a_spec_error(options: dict[str, Option], reason: str) -> None:
    with pytest.raises(SpecError, match=reason):
        rows(**options)


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        ("dct", "dct: expected a network with an option tile"),
        ("rdn", "rdn: its weights are random"),
        ("unheard-of", "unheard-of: "),
    ],
)
def test_what_cannot_be_cut_is_said_and_the_others_go_on(network: str, reason: str) -> None:
    found = rows(networks=f"{network},noisy")
    said = [reading.note for _, reading in found if reading.quantity in {FAILURE, SKIPPED}]
    assert len(said) == 2
    assert said[0].startswith(reason)
