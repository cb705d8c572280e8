"""Winograd's convolution: equal to the direct one, for any size, width and number of threads."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from torch import Tensor, nn

from restoration.compiled import winograd
from restoration.compiled.winograd import LANES, Layer, outputs, points

NUMBERS = st.lists(st.integers(-9, 9).map(float), min_size=9, max_size=9)


@given(NUMBERS)
def test_six_products_make_four_outputs(numbers: list[float]) -> None:
    samples, taps = numbers[:6], numbers[6:]
    kernel = winograd._TAPS_TO_POINTS @ taps
    found = outputs([a * b for a, b in zip(points(samples), kernel.tolist(), strict=True)])
    np.testing.assert_allclose(found, np.correlate(samples, taps, "valid"), atol=1e-9)


ACTIVATIONS: tuple[nn.Module, ...] = (nn.Identity(), nn.ReLU(), nn.LeakyReLU(0.25), nn.PReLU(9, 0.5))


def differing(layer: nn.Conv2d, maps: Tensor, activation: nn.Module = ACTIVATIONS[0], *, threads: int = 1) -> float:
    """How far the compiled layer is from torch's; places that it leaves out are no number."""
    found = np.full((len(maps), *maps.shape[2:], layer.out_channels), np.nan, np.float32)
    Layer.of(layer, activation).convolve(maps.permute(0, 2, 3, 1).contiguous().numpy(), found, threads)
    with torch.inference_mode():
        return float((torch.from_numpy(found).permute(0, 3, 1, 2) - activation(layer(maps))).abs().max())


def convolution(depth: int, width: int, *, bias: bool = True) -> nn.Conv2d:
    torch.manual_seed(7)
    return nn.Conv2d(depth, width, 3, padding=1, bias=bias).requires_grad_(False)


ROUNDING = 4e-6
"""Sums in another order, in float32, of values near one."""


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (5, 3), (8, 9), (31, 110)])
@pytest.mark.parametrize("threads", [1, 3])
def test_equals_direct_convolution(size: tuple[int, int], threads: int) -> None:
    assert differing(convolution(5, 8), torch.rand(2, 5, *size), threads=threads) < ROUNDING


@pytest.mark.parametrize("depth", [1, LANES - 1, LANES, LANES + 5, 3 * LANES])
@pytest.mark.parametrize("width", [1, LANES - 1, LANES, LANES + 5, 3 * LANES])
def test_takes_any_width(depth: int, width: int) -> None:
    assert (
        differing(convolution(depth, width, bias=False), torch.rand(3, depth, 9, 14)) < 3 * ROUNDING
    )  # up to 48 channels


def test_takes_more_channels_than_the_cache_holds() -> None:
    layer = Layer.of(convolution(640, 8), nn.Identity())
    assert 0 < layer.together < Layer.of(convolution(64, 8), nn.Identity()).together
    assert differing(convolution(640, 8), torch.rand(1, 640, 9, 14)) < 10 * ROUNDING


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda activation: type(activation).__name__)
def test_what_follows_is_computed_with_it(activation: nn.Module) -> None:
    maps = torch.rand(1, 4, 8, 6) - 0.5
    assert differing(convolution(4, 9), maps, activation) < ROUNDING


@given(n=st.integers(1, 3), height=st.integers(1, 14), width=st.integers(1, 14), threads=st.integers(2, 5))
def test_threads_change_no_bit(n: int, height: int, width: int, threads: int) -> None:
    layer = Layer.of(convolution(3, 4), nn.ReLU())
    maps = np.random.default_rng(n).random((n, height, width, 3), np.float32)
    one, several = (np.empty((n, height, width, 4), np.float32) for _ in range(2))
    layer.convolve(maps, one, 1)
    layer.convolve(maps, several, threads)
    np.testing.assert_array_equal(one, several)


def test_memory_beside_the_maps_is_that_of_a_few_tiles() -> None:
    layer = Layer.of(convolution(64, 64), nn.Identity())
    assert layer.together * 36 * (64 + 64) * 4 < 2**19
