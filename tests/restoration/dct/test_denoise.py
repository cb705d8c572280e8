"""The DCT denoiser: against the authors' program, between engines, and by its properties."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from torch import Tensor

from restoration import Setup, dct_denoise, get
from restoration.dct import dense, overlap
from restoration.dct.basis import dct_matrix, kernels, restore_colors, transform_colors
from restoration.dct.denoise import faster_engine
from restoration.dct.separable import SEPARABLE
from restoration.errors import ImageError, OptionError, RangeError, ShapeError

SIZES = st.tuples(st.integers(16, 41), st.integers(16, 41))


def image(height: int, width: int, channels: int = 1, seed: int = 0) -> Tensor:
    """A smooth scene with noise."""
    generator = torch.Generator().manual_seed(seed)
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    scene = 0.5 + 0.3 * torch.sin(x / 5) * torch.cos(y / 7)
    return scene + 0.1 * torch.randn(1, channels, height, width, generator=generator)


@pytest.mark.parametrize(
    ("stored", "block_size", "aggregation"),
    [("uniform", 8, "uniform"), ("uniform16", 16, "uniform"), ("adaptive", 8, "adaptive")],
)
@pytest.mark.parametrize("engine", ["dense", "separable"])
def test_equals_the_authors_program(shared: Path, stored: str, block_size: int, aggregation: Any, engine: Any) -> None:
    arrays = np.load(shared / "golden" / "dct_ipol_2017.npz")
    restored = dct_denoise(
        torch.from_numpy(arrays["noisy"])[None], 25, ratio=3, block_size=block_size, aggregation=aggregation,
        engine=engine,
    )  # fmt: skip
    inside = np.s_[20:-20, 20:-20]  # that program pads
    np.testing.assert_allclose(restored[0].numpy()[inside], arrays[stored][inside], rtol=0, atol=1e-3)


@given(SIZES, st.sampled_from([2, 3, 5, 8, 16]), st.data())
@settings(max_examples=20)
def test_threshold_0_is_the_identity_at_every_stride(size: tuple[int, int], block_size: int, data: Any) -> None:
    noisy = image(*size)
    stride = data.draw(st.integers(1, block_size))
    for engine in ("dense", "separable"):
        for aggregation in ("uniform", "adaptive"):
            restored = dct_denoise(
                noisy, 0.1, block_size=block_size, stride=stride, ratio=0, engine=engine, aggregation=aggregation
            )
            torch.testing.assert_close(restored, noisy, rtol=0, atol=1e-5)


@given(SIZES, st.sampled_from([2, 4, 7, 8]), st.data())
@settings(max_examples=20)
def test_separable_equals_dense(size: tuple[int, int], block_size: int, data: Any) -> None:
    noisy = image(*size, channels=2).double()
    thresholds = 0.3 * torch.rand(block_size, block_size, generator=torch.Generator().manual_seed(1)).double()
    chosen: Any = {
        "stride": data.draw(st.integers(1, block_size)),
        "rule": data.draw(st.sampled_from(["hard", "soft"])),
        "aggregation": data.draw(st.sampled_from(["uniform", "adaptive"])),
    }
    expected = dense.denoise(noisy, thresholds, **chosen)
    restored = dense.denoise(noisy, thresholds, transform=SEPARABLE, **chosen)
    torch.testing.assert_close(restored, expected, rtol=0, atol=1e-9)


def slow(noisy: Tensor, thresholds: Tensor, stride: int) -> Tensor:
    """One block after another, as one would say it."""
    size, (height, width) = len(thresholds), noisy.shape
    matrix = dct_matrix(size, dtype=noisy.dtype)
    total, count = torch.zeros_like(noisy), torch.zeros_like(noisy)
    for top in {*range(0, height - size + 1, stride), height - size}:
        for left in {*range(0, width - size + 1, stride), width - size}:
            place = (slice(top, top + size), slice(left, left + size))
            coefficients = matrix @ noisy[place] @ matrix.T
            coefficients[coefficients.abs() <= thresholds] = 0
            total[place] += matrix.T @ coefficients @ matrix
            count[place] += 1
    return total / count


@given(st.integers(1, 5), st.integers(9, 21), st.integers(9, 21))
@settings(max_examples=15)
def test_equals_one_block_after_another(stride: int, height: int, width: int) -> None:
    noisy = image(height, width).double()
    thresholds = torch.linspace(0, 0.4, 25).double().reshape(5, 5)
    expected = slow(noisy[0, 0], thresholds, stride)
    torch.testing.assert_close(dense.denoise(noisy, thresholds, stride=stride)[0, 0], expected)


def test_bands_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    noisy, thresholds = image(61, 33, 2).double(), torch.full((6, 6), 0.25).double()
    for stride in (1, 3, 4):
        whole = dense.denoise(noisy, thresholds, stride=stride, aggregation="adaptive")
        with monkeypatch.context() as patch:
            patch.setattr(overlap, "BAND", 36 * 2 * 28 * 5)
            banded = dense.denoise(noisy, thresholds, stride=stride, aggregation="adaptive")
        torch.testing.assert_close(banded, whole)


def test_a_mask_of_the_grid_equals_the_stride() -> None:
    noisy, thresholds = image(30, 27), torch.full((8, 8), 0.3)
    mask = torch.zeros(23, 20, dtype=torch.bool)
    rows, columns = (overlap.starts(length, 8, 4) for length in noisy.shape[-2:])
    mask[torch.tensor(rows)[:, None], torch.tensor(columns)] = True
    for aggregation in ("uniform", "adaptive"):
        masked = dense.denoise(noisy, thresholds, blocks=mask, aggregation=aggregation)
        strided = dense.denoise(noisy, thresholds, stride=4, aggregation=aggregation)
        torch.testing.assert_close(masked, strided, rtol=0, atol=1e-6)


def test_a_mask_that_leaves_pixels_uncovered_is_refused() -> None:
    with pytest.raises(RangeError, match="uncovered"):
        dense.denoise(image(20, 20), torch.ones(8, 8), blocks=torch.zeros(13, 13, dtype=torch.bool))


@given(st.floats(0, 1), st.booleans())
@settings(max_examples=10)
def test_a_constant_image_is_left_alone(value: float, keep_dc: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    constant = torch.full((1, 20, 24), value)
    restored = dct_denoise(constant, 1e-4 if keep_dc else 1e-9, keep_dc=keep_dc, engine="dense")
    torch.testing.assert_close(restored, constant, rtol=0, atol=1e-5)


def test_a_thresholded_dc_removes_a_faint_constant() -> None:
    faint = torch.full((1, 16, 16), 0.01)  # its DC is 0.08
    assert dct_denoise(faint, 0.1, keep_dc=False, engine="dense").abs().max() < 1e-6
    assert dct_denoise(faint, 0.1, engine="dense").min() > 0.009


def test_scales_with_image_and_sigma_and_turns_with_the_image() -> None:
    noisy = image(24, 31).double()
    restored = dct_denoise(noisy, 0.1, engine="dense")
    torch.testing.assert_close(dct_denoise(7 * noisy, 0.7, engine="dense"), 7 * restored)
    torch.testing.assert_close(dct_denoise(noisy.mT, 0.1, engine="dense").mT, restored)


def test_removes_noise() -> None:
    clean = image(64, 64) * 0 + 0.5
    noisy = clean + 0.1 * torch.randn(clean.shape, generator=torch.Generator().manual_seed(3))
    for rule, ratio in (("hard", 2.7), ("soft", 1.5)):
        assert (dct_denoise(noisy, 0.1, rule=rule, ratio=ratio, engine="dense") - clean).std() < 0.03


def test_kernels_and_the_color_transform_are_orthonormal() -> None:
    for size in (2, 3, 8, 32):
        flat = kernels(size, torch.float64, torch.device("cpu")).reshape(size**2, size**2)
        torch.testing.assert_close(flat @ flat.T, torch.eye(size**2, dtype=torch.float64))
    colors = image(9, 9, 3).double()
    torch.testing.assert_close(restore_colors(transform_colors(colors)), colors)
    torch.testing.assert_close(transform_colors(colors)[:, 0], colors.sum(1) / 3**0.5)
    torch.testing.assert_close(transform_colors(colors).square().sum(), colors.square().sum())


def test_colors_are_denoised_in_the_transform_asked_for() -> None:
    noisy = image(24, 24, 3)
    plain = dct_denoise(noisy, 0.1, color_transform="none", engine="dense")
    gray = dct_denoise(noisy[:, :1], 0.1, engine="dense")
    torch.testing.assert_close(plain[:, :1], gray)
    opponent = dct_denoise(noisy, 0.1, engine="dense")
    expected = restore_colors(dct_denoise(transform_colors(noisy), 0.1, color_transform="none", engine="dense"))
    torch.testing.assert_close(opponent, expected)


def test_takes_an_image_or_a_batch() -> None:
    noisy = image(20, 20, 3)
    torch.testing.assert_close(dct_denoise(noisy[0], 0.1), dct_denoise(noisy, 0.1)[0])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"sigma": 0}, RangeError, "sigma must be positive.*got 0"),
        ({"sigma": -1.5}, RangeError, "got -1.5"),
        ({"sigma": float("nan")}, RangeError, "got nan"),
        ({"ratio": -0.5}, RangeError, "ratio.*got -0.5"),
        ({"ratio": float("nan")}, RangeError, "ratio.*got nan"),
        ({"block_size": 1}, RangeError, r"block size must be in 2\.\.32, got 1"),
        ({"block_size": 33}, RangeError, r"block size must be in 2\.\.32, got 33"),
        ({"block_size": 21}, ShapeError, "20 x 24 is smaller than a block of 21 x 21"),
        ({"stride": 9}, RangeError, r"stride must be in 1\.\.8 .* got 9"),
        ({"stride": 0}, RangeError, "got 0"),
        ({"thresholds": torch.ones(16, 16)}, ShapeError, "block_size is 8.*blocks of 16"),
        ({"thresholds": torch.ones(8, 4)}, ShapeError, "square"),
        ({"thresholds": -torch.ones(8, 8)}, RangeError, "0 or greater, got -1"),
        ({"rule": "firm"}, OptionError, "rule must be hard or soft, got 'firm'"),
        ({"aggregation": "median"}, OptionError, "got 'median'"),
        ({"engine": "steam"}, OptionError, "got 'steam'"),
        ({"color_transform": "hsv"}, OptionError, "got 'hsv'"),
        ({"blocks": torch.ones(3, 3, dtype=torch.bool)}, ShapeError, r"\(13, 17\), got \(3, 3\)"),
    ],
)
def test_bad_input_is_named(options: dict[str, Any], error: type[Exception], message: str) -> None:
    named: dict[str, Any] = {"sigma": 0.1, "engine": "dense", **options}
    with pytest.raises(error, match=message):
        dct_denoise(torch.zeros(3, 20, 24), **named)


def test_a_strange_image_is_refused() -> None:
    with pytest.raises(ImageError, match=r"torch\.uint8; divide"):
        dct_denoise(torch.zeros(1, 20, 20, dtype=torch.uint8), 0.1)
    with pytest.raises(ShapeError, match=r"\(20, 20\)"):
        dct_denoise(torch.zeros(20, 20), 0.1)


def test_the_faster_engine_is_chosen_by_the_clock_given() -> None:
    method = get("dct")
    setup = method.checked(Setup(sigma=0.1))
    for slowest, expected in (("dense", "separable"), ("separable", "dense")):
        chosen = faster_engine(dct_denoise, setup, seconds=lambda call: float(call.keywords["engine"] == slowest))  # type: ignore[attr-defined]  # noqa: B023 - called at once
        assert chosen == expected


@pytest.mark.parametrize("engine", ["dense", "separable", "auto"])
def test_the_method_is_the_function(engine: str) -> None:
    method = get("dct")
    setup = method.checked(Setup(sigma=0.1, options={"engine": engine, "stride": 3, "ratio": 2.5}))
    expected = dct_denoise(image(22, 25), 0.1, ratio=2.5, stride=3, engine="dense")
    torch.testing.assert_close(method.build(setup)(image(22, 25)), expected, rtol=0, atol=2e-3)


@pytest.mark.parametrize(
    ("block_size", "stride", "engine", "macs"),
    [(8, 1, "dense", 8192), (16, 1, "dense", 131072), (8, 8, "dense", 128), (8, 1, "auto", 1152), (8, 2, "auto", 320)],
)
def test_operations_per_pixel(block_size: int, stride: int, engine: str, macs: float) -> None:
    method = get("dct")
    options: dict[str, Any] = {"block_size": block_size, "stride": stride, "engine": engine}
    assert method.macs_per_pixel is not None
    assert method.macs_per_pixel(method.checked(Setup(options=options))) == macs
