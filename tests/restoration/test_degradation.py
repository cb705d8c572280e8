"""Noise, MATLAB's reduction and the named degradations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as arrays

from restoration import add_gaussian_noise, bicubic_resize, decimate
from restoration.degradation import (
    crop_to_multiple,
    gaussian_blur,
    lanczos_resize,
    reduce_by,
    register,
)
from restoration.degradations import align, degrade
from restoration.errors import RangeError, ShapeError, UnknownDegradationError

GOLDEN = {
    "half": (1 / 2, 1e-6),
    "third": (1 / 3, 1e-6),
    "quarter": (1 / 4, 1e-6),
    "double": (2, 1e-6),
    "triple": (3, 5e-6),
}
"""Scale and tolerance; the stored arrays are float32, and `triple` was computed in single precision."""


@pytest.mark.parametrize("name", GOLDEN)
def test_bicubic_equals_matlab(name: str, shared: Path) -> None:
    stored = np.load(shared / "golden" / "imresize_matlab_port.npz")
    scale, tolerance = GOLDEN[name]
    resized = bicubic_resize(torch.from_numpy(stored["input"]).movedim(-1, 0), scale)
    expected = torch.from_numpy(stored[name]).double().movedim(-1, 0)
    torch.testing.assert_close(resized, expected, rtol=0, atol=tolerance)


def test_bicubic_halving_is_the_known_eight_taps() -> None:
    impulses = bicubic_resize(torch.eye(32, dtype=torch.float64)[None].expand(1, 32, 32), 1)
    halved = bicubic_resize(torch.eye(32, dtype=torch.float64), 0.5)  # both axes: rows of W @ I @ W.T
    taps = torch.tensor([-3, -9, 29, 111, 111, 29, -9, -3], dtype=torch.float64) / 256
    torch.testing.assert_close(impulses[0], torch.eye(32, dtype=torch.float64))
    assert halved[8, 8].item() == pytest.approx((taps**2).sum().item())


def test_reduction_by_a_kernel_equals_bicubic_reduction() -> None:
    image = torch.rand(3, 40, 36)
    taps = torch.tensor([-3, -9, 29, 111, 111, 29, -9, -3]) / 256
    torch.testing.assert_close(reduce_by(image, torch.outer(taps, taps), 2), bicubic_resize(image, 0.5))


@given(
    height=st.integers(2, 40),
    width=st.integers(2, 40),
    scale=st.floats(0.2, 4),
    level=st.floats(0, 1),
)
def test_a_constant_image_stays_constant(height: int, width: int, scale: float, level: float) -> None:
    image = torch.full((1, height, width), level, dtype=torch.float64)
    for resized in (bicubic_resize(image, scale), lanczos_resize(image, scale)):
        torch.testing.assert_close(resized, torch.full_like(resized, level))


@given(arrays.arrays(np.float64, (2, 9, 7), elements=st.floats(0, 1)))
def test_scale_one_is_the_identity(values: np.ndarray) -> None:
    torch.testing.assert_close(bicubic_resize(torch.from_numpy(values), 1), torch.from_numpy(values))


@given(size=st.integers(4, 60), scale=st.sampled_from([2, 3, 4]))
def test_reducing_a_multiple_gives_the_exact_quotient(size: int, scale: int) -> None:
    assert bicubic_resize(torch.rand(1, size * scale, scale), 1 / scale).shape == (1, size, 1)


def test_bicubic_keeps_dtype_and_carries_gradients() -> None:
    image = torch.rand(1, 8, 8, requires_grad=True)
    resized = bicubic_resize(image, 0.5)
    resized.sum().backward()
    assert resized.dtype == torch.float32
    assert image.grad is not None
    assert image.grad.sum().item() == pytest.approx(16, abs=1e-4)


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf")])
def test_bicubic_refuses_a_scale_that_is_not_positive(scale: float) -> None:
    with pytest.raises(RangeError, match="scale must be positive"):
        bicubic_resize(torch.rand(1, 8, 8), scale)


def test_bicubic_refuses_integers() -> None:
    with pytest.raises(ShapeError, match="floating-point"):
        bicubic_resize(torch.zeros(1, 8, 8, dtype=torch.uint8), 0.5)


def test_noise_is_the_legacy_stream_of_numpy_and_not_clipped() -> None:
    noisy = add_gaussian_noise(torch.zeros(1, 3, 2), 0.5, seed=0)
    expected = [1.764052345967664, 0.4001572083672233, 0.9787379841057392, 2.240893199201458, 1.8675579901499675]
    assert noisy.flatten()[:5].tolist() == pytest.approx([value / 2 for value in expected])
    assert noisy.dtype == torch.float32
    assert noisy.max() > 1


def test_noise_depends_on_the_seed_alone() -> None:
    image = torch.rand(1, 16, 16)
    assert torch.equal(add_gaussian_noise(image, 0.1, seed=3), add_gaussian_noise(image, 0.1, seed=3))
    assert not torch.equal(add_gaussian_noise(image, 0.1, seed=3), add_gaussian_noise(image, 0.1, seed=4))
    assert torch.equal(add_gaussian_noise(image, 0, seed=3), image)


@pytest.mark.parametrize("sigma", [-0.1, float("nan")])
def test_noise_refuses_a_sigma_below_zero(sigma: float) -> None:
    with pytest.raises(RangeError, match="sigma"):
        add_gaussian_noise(torch.zeros(1, 4, 4), sigma, seed=0)


def test_decimation_takes_the_first_of_each_cell() -> None:
    image = torch.arange(35.0).view(1, 5, 7)
    assert decimate(image, 3)[0].tolist() == [[0, 3, 6], [21, 24, 27]]
    with pytest.raises(RangeError):
        decimate(image, 0)


def test_registering_undoes_the_shift_of_decimation() -> None:
    y, x = torch.meshgrid(torch.arange(96.0), torch.arange(96.0), indexing="ij")
    smooth = (0.5 + 0.2 * torch.sin(x / 7) + 0.2 * torch.cos(y / 9))[None]
    enlarged = bicubic_resize(decimate(smooth, 2), 2)
    inside = (..., slice(12, -12), slice(12, -12))
    as_it_comes = (enlarged - smooth)[inside].abs().max()
    registered = (register(enlarged, 2) - smooth)[inside].abs().max()
    assert registered < 1e-3
    assert as_it_comes > 1e-2


def test_a_blur_keeps_the_mean_and_spreads_an_impulse_by_its_deviation() -> None:
    image = torch.zeros(1, 41, 41, dtype=torch.float64)
    image[0, 20, 20] = 1
    blurred = gaussian_blur(image, 1.5)[0]
    offsets = torch.arange(41) - 20.0
    assert blurred.sum().item() == pytest.approx(1)
    assert (blurred.sum(0) * offsets**2).sum().sqrt().item() == pytest.approx(1.5, abs=0.01)
    assert torch.equal(gaussian_blur(image, 0), image)
    with pytest.raises(RangeError):
        gaussian_blur(image, -1)


@pytest.mark.parametrize(
    "name", ["bicubic", "decimate", "decimate-registered", "blur-1.2-decimate", "blur-2-decimate-registered"]
)
def test_reductions_give_eight_bits_of_a_cropped_image(name: str) -> None:
    low = degrade(torch.rand(3, 31, 45), name, scale=2, sigma=0.02)
    assert low.shape == (3, 15, 22)
    assert low.min() >= 0
    assert low.max() <= 1
    torch.testing.assert_close(low * 255, (low * 255).round(), rtol=0, atol=1e-4)


def test_only_registered_names_are_aligned() -> None:
    image = torch.rand(1, 3, 16, 16)
    assert align(image, "decimate", scale=2) is image
    assert not torch.equal(align(image, "decimate-registered", scale=2), image)


@pytest.mark.parametrize("name", ["", "bicubic-registered", "blur-decimate", "blur--1-decimate", "jpg"])
def test_unknown_degradations_name_the_known_ones(name: str) -> None:
    with pytest.raises(UnknownDegradationError, match="`restobench degradations` lists all"):
        degrade(torch.rand(1, 16, 16), name, scale=2)


def test_cropping_never_resizes() -> None:
    image = torch.rand(1, 11, 14)
    assert torch.equal(crop_to_multiple(image, 4), image[:, :8, :12])
    with pytest.raises(ShapeError, match="smaller than the scale"):
        crop_to_multiple(torch.rand(1, 3, 9), 4)


def test_a_kernel_larger_than_the_image_is_refused_with_both_sizes() -> None:
    with pytest.raises(ShapeError, match=r"12 x 12 kernel .* 8 x 10"):
        reduce_by(torch.rand(1, 8, 10), torch.ones(12, 12), 2)
    with pytest.raises(ShapeError, match="parity"):
        reduce_by(torch.rand(1, 18, 18), torch.ones(5, 5), 2)
