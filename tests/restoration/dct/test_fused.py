"""The fused engine: against the authors' program, against the dense engine, by its properties, and what it holds."""

from __future__ import annotations

import tracemalloc
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from torch import Tensor
from torch.nn.functional import max_pool2d

from restoration import dct_denoise
from restoration.compiled import strips
from restoration.dct import dense, fused
from restoration.dct.sampling import random_blocks
from restoration.errors import OptionError, RangeError, ShapeError

CLEAR = 5e-6
"""A coefficient nearer than this to its threshold may be kept by one engine and removed by the other: rounding."""

KINDS: list[tuple[int, Any, Any]] = [
    (4, "hard", "uniform"),
    (5, "hard", "uniform"),
    (8, "hard", "uniform"),
    (8, "soft", "uniform"),
    (16, "hard", "uniform"),
    (8, "hard", "adaptive"),
    (5, "soft", "adaptive"),
]
"""Block size, rule and aggregation: few, as each is compiled where it has not been."""

SIZES = st.tuples(st.integers(16, 150), st.integers(16, 150))
MORE = settings(max_examples=30)


def images(shape: tuple[int, ...], seed: int = 0) -> Tensor:
    """Noise and a smooth scene."""
    generator = torch.Generator().manual_seed(seed)
    y, x = torch.meshgrid(torch.arange(shape[-2]), torch.arange(shape[-1]), indexing="ij")
    return 0.5 + 0.3 * torch.sin(x / 5) * torch.cos(y / 7) + 0.1 * torch.randn(shape, generator=generator)


def tables(block_size: int, seed: int = 0) -> Tensor:
    """A threshold for each frequency; the mean's is 0."""
    thresholds = 0.4 * torch.rand(block_size, block_size, generator=torch.Generator().manual_seed(seed))
    thresholds[0, 0] = 0
    return thresholds


def comparable(noisy: Tensor, thresholds: Tensor) -> Tensor:
    """The pixels (N, C, H, W) that no block with a coefficient near its threshold covers."""
    size = len(thresholds)
    coefficients = dense.forward(noisy.reshape(-1, 1, *noisy.shape[-2:]), size, 1)
    near = ((coefficients.abs() - thresholds.reshape(-1, 1, 1)).abs() < CLEAR) & (thresholds.reshape(-1, 1, 1) > 0)
    padded = torch.nn.functional.pad(near.any(1, keepdim=True).float(), [size - 1] * 4)
    return max_pool2d(padded, size, stride=1).reshape(noisy.shape) == 0


def assert_same(restored: Tensor, reference: Tensor, where: Tensor) -> None:
    """Equal within 1e-4, the tolerance that the engines promise, at most pixels and those that can be compared."""
    assert float(where.float().mean()) > 0.1
    torch.testing.assert_close(restored[where], reference[where], rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("stored", "block_size", "aggregation"),
    [("uniform", 8, "uniform"), ("uniform16", 16, "uniform"), ("adaptive", 8, "adaptive")],
)
def test_equals_the_authors_program(shared: Path, stored: str, block_size: int, aggregation: Any) -> None:
    arrays = np.load(shared / "golden" / "dct_ipol_2017.npz")
    noisy = torch.from_numpy(arrays["noisy"])[None]
    restored = dct_denoise(noisy, 25, ratio=3, block_size=block_size, aggregation=aggregation, engine="fused")
    inside = np.s_[20:-20, 20:-20]  # that program pads
    np.testing.assert_allclose(restored[0].numpy()[inside], arrays[stored][inside], rtol=0, atol=1e-3)


@given(st.sampled_from(KINDS), SIZES, st.integers(1, 2), st.integers(0, 9), st.data())
@MORE
def test_equals_the_dense_engine(kind: Any, size: tuple[int, int], channels: int, seed: int, data: Any) -> None:
    block_size, rule, aggregation = kind
    options = {"stride": data.draw(st.integers(1, block_size)), "rule": rule, "aggregation": aggregation}
    noisy, thresholds = images((1, channels, *size), seed), tables(block_size, seed)
    restored = fused.denoise(noisy, thresholds, **options)
    where = comparable(noisy, thresholds) if "hard" in kind or "adaptive" in kind else torch.full_like(noisy, True) > 0
    assert_same(restored, dense.denoise(noisy, thresholds, **options), where)


@pytest.mark.parametrize("aggregation", ["uniform", "adaptive"])
@given(SIZES, st.floats(1, 8), st.integers(0, 9))
@settings(max_examples=15)
def test_any_choice_of_blocks_equals_the_dense_engine(
    aggregation: Any, size: tuple[int, int], spacing: float, seed: int
) -> None:
    noisy, thresholds = images((2, 1, *size), seed), tables(8, seed)
    blocks = random_blocks(*size, block_size=8, spacing=spacing, seed=seed)
    restored, reference = (
        engine.denoise(noisy, thresholds, blocks=blocks, aggregation=aggregation) for engine in (fused, dense)
    )
    assert_same(restored, reference, comparable(noisy, thresholds))


@given(SIZES, st.integers(1, 19), st.integers(1, 8))
@settings(max_examples=10)
def test_ratios_at_once_are_as_each_alone(size: tuple[int, int], number: int, stride: int) -> None:
    noisy, thresholds = images((1, 2, *size)), torch.stack([tables(8, seed) for seed in range(number)])
    together = fused.denoise_ratios(noisy, thresholds, stride=stride)
    assert together.shape == (number, *noisy.shape)
    for restored, alone in zip(together, thresholds, strict=True):
        assert_same(restored, fused.denoise(noisy, alone, stride=stride), comparable(noisy, alone))


@given(st.sampled_from(KINDS), SIZES, st.data())
@MORE
def test_threshold_0_is_the_identity_at_every_stride(kind: Any, size: tuple[int, int], data: Any) -> None:
    block_size, rule, aggregation = kind
    noisy, stride = images((1, 1, *size)), data.draw(st.integers(1, block_size))
    zero = torch.zeros(block_size, block_size)
    restored = fused.denoise(noisy, zero, rule=rule, aggregation=aggregation, stride=stride)
    torch.testing.assert_close(restored, noisy, rtol=0, atol=1e-5)


@given(st.sampled_from(KINDS), SIZES, st.floats(-1, 1, width=32), st.data())
@MORE
def test_a_constant_image_is_left_alone(kind: Any, size: tuple[int, int], level: float, data: Any) -> None:
    block_size, rule, aggregation = kind
    flat, stride = torch.full((1, 1, *size), level), data.draw(st.integers(1, block_size))
    thresholds = torch.full((block_size, block_size), 0.01)
    thresholds[0, 0] = 0
    restored = fused.denoise(flat, thresholds, rule=rule, aggregation=aggregation, stride=stride)
    torch.testing.assert_close(restored, flat, rtol=0, atol=1e-5)


@given(st.sampled_from(KINDS), SIZES, st.data())
@MORE
def test_the_transposed_image_gives_the_transposed_result(kind: Any, size: tuple[int, int], data: Any) -> None:
    block_size, rule, aggregation = kind
    options = {"rule": rule, "aggregation": aggregation, "stride": data.draw(st.integers(1, block_size))}
    noisy, thresholds = images((1, 1, *size)), tables(block_size)
    across = fused.denoise(noisy.mT, thresholds.mT, **options).mT
    assert_same(across, fused.denoise(noisy, thresholds, **options), comparable(noisy, thresholds))


@given(st.sampled_from(KINDS), SIZES, st.floats(0.5, 300))
@MORE
def test_image_and_thresholds_scale_together(kind: Any, size: tuple[int, int], factor: float) -> None:
    block_size, rule, aggregation = kind
    noisy, thresholds = images((1, 1, *size)), tables(block_size)
    larger = fused.denoise(factor * noisy, factor * thresholds, rule=rule, aggregation=aggregation)
    restored = fused.denoise(noisy, thresholds, rule=rule, aggregation=aggregation)
    assert_same(larger / factor, restored, comparable(noisy, thresholds))


def test_the_number_of_threads_changes_nothing() -> None:
    noisy, thresholds = images((2, 1, 300, 200)), tables(8)
    first, second = (fused.denoise(noisy, thresholds, threads=threads) for threads in (1, 5))
    assert torch.equal(first, second)


def test_several_callers_at_once_get_what_each_alone_gets() -> None:
    noisy = [images((1, 1, 200, 150), seed) for seed in range(8)]
    alone = [fused.denoise(image, tables(8)) for image in noisy]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda image: fused.denoise(image, tables(8), threads=2), noisy))
    assert all(torch.equal(*pair) for pair in zip(alone, together, strict=True))


@pytest.mark.parametrize(("aggregation", "pictures"), [("uniform", 1), ("adaptive", 2)])
def test_memory_is_the_result_and_little_more(aggregation: Any, pictures: int) -> None:
    noisy, thresholds = images((1, 1, 1500, 2000)), tables(8)
    fused.denoise(noisy[..., :100, :100], thresholds, aggregation=aggregation)
    tracemalloc.start()
    fused.denoise(noisy, thresholds, aggregation=aggregation, threads=2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    size = noisy.nbytes
    assert peak <= 1.2 * pictures * size + 2**20


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
def test_other_precisions_come_back_as_they_were(dtype: torch.dtype) -> None:
    noisy, thresholds = images((1, 1, 40, 40)), tables(8)
    restored = fused.denoise(noisy.to(dtype), thresholds.to(dtype), rule="soft")
    assert restored.dtype == dtype
    torch.testing.assert_close(restored.float(), fused.denoise(noisy, thresholds, rule="soft"), rtol=0, atol=1e-3)


def test_the_input_is_left_as_it_was() -> None:
    noisy = images((1, 1, 64, 64))
    before = noisy.clone()
    fused.denoise(noisy, tables(8))
    assert torch.equal(noisy, before)


def test_compiled_code_is_kept_on_disk() -> None:
    kept = Path(strips.uniform_strip(8, "hard").stats.cache_path)
    assert list(kept.glob("strips.uniform_strip*.nbi"))


@pytest.mark.parametrize(
    ("shape", "options", "error", "message"),
    [
        ((1, 1, 7, 30), {}, ShapeError, "7 x 30 is smaller than a block of 8 x 8"),
        ((30, 30), {}, ShapeError, r"images \(N, C, H, W\)"),
        ((1, 1, 30, 30), {"stride": 9}, RangeError, r"stride must be in 1\.\.8"),
        ((1, 1, 30, 30), {"rule": "medium"}, OptionError, "hard or soft, got 'medium'"),
        ((1, 1, 30, 30), {"aggregation": "best"}, OptionError, "uniform or adaptive, got 'best'"),
        ((1, 1, 30, 30), {"blocks": torch.zeros(23, 23) > 0}, RangeError, "leaves 900 uncovered"),
        ((1, 1, 30, 30), {"blocks": torch.zeros(30, 30) > 0}, ShapeError, r"\(23, 23\), got \(30, 30\)"),
    ],
)
def test_what_cannot_be_denoised_is_refused(shape: Any, options: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        fused.denoise(torch.zeros(shape), tables(8), **options)


def test_gradients_are_refused_rather_than_lost() -> None:
    with pytest.raises(OptionError, match="no gradients"):
        fused.denoise(images((1, 1, 30, 30)).requires_grad_(), tables(8))


def test_a_large_result_takes_over_memory_only_of_one_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused, "_LARGE", 0)
    monkeypatch.setattr(fused, "_SPARE", deque(maxlen=1))
    thresholds = torch.full((4, 4), 0.1)
    first, second = (torch.rand(1, 1, 40, 40, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
    kept = fused.denoise(first, thresholds)
    copy = kept.clone()
    view, place = kept[..., 3:], kept.data_ptr()
    del kept
    other = fused.denoise(second, thresholds)
    assert other.data_ptr() != place  # a view of the first is still there
    assert torch.equal(view, copy[..., 3:])
    del view
    again = fused.denoise(first, thresholds)
    assert again.data_ptr() == place
    assert torch.equal(again, copy)
