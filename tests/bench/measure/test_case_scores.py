"""What a restored image is scored on: which pixels count, in which colours, rounded or not."""

from __future__ import annotations

import math

import pytest
import torch

from bench.measure.scores import scores
from bench.plan.case import Case

QUANTITIES = ("psnr_db", "ssim", "residual_std_255", "mean_offset_255")


def found(case: Case, restored: torch.Tensor, clean: torch.Tensor) -> dict[str, float]:
    return {reading.quantity: reading.value or 0.0 for reading in scores(case, restored, clean)}


def upscaling(scale: int) -> Case:
    return Case("quality", "bicubic", task="upscale", channels=1, scale=scale, degradation="bicubic")


def framed(width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A clean image in steps of 1/255, and one that differs from it only in the `width` pixels next to the border."""
    clean = torch.full((1, 36, 48), 100 / 255)
    restored = torch.full_like(clean, 130 / 255)
    restored[:, width:-width, width:-width] = clean[:, width:-width, width:-width]
    return restored, clean


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_an_upscaler_is_not_scored_on_scale_pixels_at_each_border(scale: int, quantity: str) -> None:
    perfect = found(upscaling(scale), *reversed(framed(scale)))  # the frame has the width that is left out
    assert perfect == {"psnr_db": math.inf, "ssim": pytest.approx(1), "residual_std_255": 0, "mean_offset_255": 0}
    spoilt = found(upscaling(scale), *framed(scale + 1))
    assert spoilt[quantity] != pytest.approx(perfect[quantity])


def test_a_denoiser_is_scored_on_every_pixel() -> None:
    restored, clean = framed(1)
    case = Case("quality", "dct", task="denoise", degradation="awgn", sigma_255=25)
    share = 1 - (34 * 46) / (36 * 48)
    assert found(case, restored, clean)["psnr_db"] == pytest.approx(-10 * math.log10(share * (30 / 255) ** 2), abs=1e-4)


def test_an_upscaler_is_scored_after_rounding_to_8_bits_and_a_denoiser_before() -> None:
    clean = torch.full((1, 36, 48), 100 / 255)
    restored = clean + 0.4 / 255
    assert found(upscaling(2), restored, clean)["psnr_db"] == math.inf
    case = Case("quality", "dct", task="denoise", degradation="awgn", sigma_255=25)
    assert found(case, restored, clean)["mean_offset_255"] == pytest.approx(0.4, abs=1e-4)


def test_an_upscaler_of_colour_is_scored_on_luma() -> None:
    clean = torch.full((3, 36, 48), 100 / 255)
    restored = clean.clone()
    restored[2] += 51 / 255  # blue weighs 25.064 / 256 of it
    case = Case("quality", "bicubic", task="upscale", channels=3, scale=2, degradation="bicubic")
    assert found(case, restored, clean)["mean_offset_255"] == pytest.approx(51 * 25.064 / 256, abs=0.15)


def test_an_image_smaller_than_the_window_of_ssim_keeps_all_else() -> None:
    clean = torch.full((1, 10, 40), 0.5)
    readings = {reading.quantity: reading for reading in scores(Case("quality", "noisy"), clean + 0.1, clean)}
    assert readings["psnr_db"].value == pytest.approx(20, abs=1e-4)
    assert readings["ssim"].value is None
    assert "at least 11 pixels a side, got 10 x 40" in readings["ssim"].note
    assert tuple(readings) == QUANTITIES
