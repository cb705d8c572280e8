"""PSNR, SSIM, residual deviation, luma and rounding."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from restoration import bicubic_resize, luma, psnr, quantize, residual_std, ssim
from restoration.degradation import crop_to_multiple
from restoration.degradations import degrade
from restoration.errors import RangeError, ShapeError
from restoration.images import load_image
from restoration.quality import mean_offset, shaved


@pytest.mark.parametrize(("scale", "published"), [(2, 33.66), (3, 30.39), (4, 28.42)])
def test_bicubic_scores_on_set5_as_published(scale: int, published: float, shared: Path) -> None:
    def score(path: Path) -> float:
        clean = crop_to_multiple(load_image(path).pixels, scale)
        enlarged = quantize(bicubic_resize(degrade(clean, "bicubic", scale=scale), scale))
        return psnr(luma(enlarged), luma(clean), shave=scale)

    assert fmean(map(score, (shared / "data" / "set5").glob("*.png"))) == pytest.approx(published, abs=0.05)


def test_psnr_is_infinite_for_equal_images() -> None:
    image = torch.rand(3, 8, 8)
    assert psnr(image, image) == math.inf


@given(offset=st.floats(1 / 255, 1), shave=st.integers(0, 3))
def test_psnr_of_an_offset_is_its_logarithm(offset: float, shave: int) -> None:
    reference = torch.zeros(1, 8, 9, dtype=torch.float64)
    assert psnr(reference + offset, reference, shave=shave) == pytest.approx(-20 * math.log10(offset))


def test_shaving_leaves_the_border_out() -> None:
    reference = torch.zeros(1, 8, 8)
    wrong_border = torch.ones(1, 8, 8)
    wrong_border[:, 2:-2, 2:-2] = 0
    assert psnr(wrong_border, reference, shave=2) == math.inf
    assert psnr(wrong_border, reference, shave=1) < 10


@pytest.mark.parametrize("score", [psnr, ssim, residual_std, mean_offset])
def test_images_of_different_shape_are_refused_with_both_shapes(score: object) -> None:
    with pytest.raises(ShapeError, match=r"\(1, 16, 16\) against \(3, 16, 16\)"):
        score(torch.zeros(1, 16, 16), torch.zeros(3, 16, 16))  # type: ignore[operator]  # parametrised


def test_shaving_everything_is_refused() -> None:
    with pytest.raises(ShapeError, match="nothing is left"):
        psnr(torch.zeros(1, 8, 8), torch.zeros(1, 8, 8), shave=4)
    with pytest.raises(RangeError, match="shave"):
        shaved(torch.zeros(1, 8, 8), -1)


def test_residual_deviation_ignores_the_mean_which_the_offset_tells() -> None:
    reference = torch.zeros(1, 64, 64)
    noise = torch.from_numpy(np.random.RandomState(0).standard_normal((1, 64, 64)))
    assert residual_std(0.3 + 0.1 * noise, reference) == pytest.approx(0.1 * noise.numpy().std())
    assert mean_offset(0.3 + 0.1 * noise, reference) == pytest.approx(0.3 + 0.1 * noise.mean().item())


def test_ssim_is_one_for_equal_images_and_falls_with_noise() -> None:
    image = torch.rand(3, 32, 32)
    assert ssim(image, image) == pytest.approx(1)
    assert ssim(image + 0.2 * torch.randn(3, 32, 32), image) < 0.95


def test_ssim_equals_its_definition_in_one_window() -> None:
    """Wang et al. 2004 on a single 11 x 11 window, population covariance."""
    torch.manual_seed(0)
    a, b = torch.rand(2, 11, 11, dtype=torch.float64)
    line = torch.exp(-0.5 * ((torch.arange(11.0, dtype=torch.float64) - 5) / 1.5) ** 2)
    window = torch.outer(line, line) / line.sum() ** 2
    mean_a, mean_b = (window * a).sum(), (window * b).sum()
    variances = (window * a * a).sum() - mean_a**2 + (window * b * b).sum() - mean_b**2
    covariance = (window * a * b).sum() - mean_a * mean_b
    expected = (2 * mean_a * mean_b + 1e-4) * (2 * covariance + 9e-4)
    expected /= (mean_a**2 + mean_b**2 + 1e-4) * (variances + 9e-4)
    assert ssim(a[None], b[None]) == pytest.approx(expected.item(), abs=1e-6)


def test_ssim_refuses_an_image_smaller_than_its_window() -> None:
    with pytest.raises(ShapeError, match="11 x 11"):
        ssim(torch.zeros(1, 10, 30), torch.zeros(1, 10, 30))


def test_luma_spans_the_studio_range() -> None:
    black, white = torch.zeros(3, 1, 1), torch.ones(3, 1, 1)
    assert luma(black).item() * 255 == pytest.approx(16)
    assert luma(white).item() * 255 == pytest.approx(235)
    primaries = luma(torch.eye(3).view(3, 3, 1, 1)).flatten() * 255 - 16
    assert primaries.tolist() == pytest.approx([65.481, 128.553, 24.966], abs=1e-4)


def test_luma_takes_three_channels_only() -> None:
    assert luma(torch.zeros(2, 3, 4, 5)).shape == (2, 1, 4, 5)
    with pytest.raises(ShapeError, match="RGB"):
        luma(torch.zeros(1, 4, 4))


def test_quantizing_rounds_halves_up_and_clips() -> None:
    levels = torch.tensor([-0.2, 0.0, 0.5, 1.5, 2.5, 254.4, 254.6, 300]).double() / 255
    assert (quantize(levels) * 255).round().tolist() == [0, 0, 1, 2, 3, 254, 255, 255]


@given(st.integers(0, 255))
def test_quantizing_leaves_eight_bit_levels_alone(level: int) -> None:
    stored = torch.tensor(np.float32(level) / np.float32(255))
    assert quantize(stored) == stored
