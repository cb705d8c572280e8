"""Compiled convolutions: equal to the direct ones, for any size, width and number of threads."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from torch import Tensor, nn

from restoration.compiled import layers
from restoration.compiled.lanes import LANES
from restoration.compiled.layers import Layer, Maps
from restoration.compiled.winograd import outputs, points, taps_to_points

NUMBERS = st.lists(st.integers(-9, 9).map(float), min_size=13, max_size=13)


@given(NUMBERS, st.sampled_from([3, 5]))
def test_eight_products_make_six_or_four_outputs(numbers: list[float], side: int) -> None:
    samples, taps = numbers[:8], numbers[8 : 8 + side]
    kernel = taps_to_points(side) @ taps
    found = outputs([a * b for a, b in zip(points(samples), kernel.tolist(), strict=True)], 9 - side)
    np.testing.assert_allclose(found, np.correlate(samples, taps, "valid"), atol=1e-9)


ACTIVATIONS: tuple[nn.Module, ...] = (nn.Identity(), nn.ReLU(), nn.LeakyReLU(0.25), nn.PReLU(9, 0.5))


def differing(layer: nn.Conv2d, maps: Tensor, activation: nn.Module = ACTIVATIONS[0], *, threads: int = 1) -> float:
    """How far the compiled layer is from torch's; places that it leaves out are no number, those beside it zero.

    It reads and writes some channels of wider maps.
    """
    depth, width = layer.in_channels, layer.out_channels
    read, written = (Maps.empty((len(maps), *maps.shape[2:], count + 5)) for count in (depth, width))
    read.values[:] = np.nan
    read.part(2, depth).tensor().copy_(maps)
    written.values[:] = 0
    found = written.part(3, width)
    found.tensor().fill_(np.nan)
    Layer.of(layer, activation).convolve(read.part(2, depth), found, threads)
    assert not written.values[..., :3].any()
    assert not written.values[..., 3 + width :].any()
    with torch.inference_mode():
        return float((found.tensor() - activation(layer(maps))).abs().max())


def convolution(depth: int, width: int, side: int = 3, *, bias: bool = True) -> nn.Conv2d:
    torch.manual_seed(7)
    return nn.Conv2d(depth, width, side, padding=side // 2, bias=bias).requires_grad_(False)


ROUNDING = 4e-6
"""Sums in another order, in float32, of values near one."""

SIDES = pytest.mark.parametrize("side", [1, 3, 5])


@SIDES
@pytest.mark.parametrize("size", [(1, 1), (6, 6), (5, 3), (8, 9), (31, 110)])
@pytest.mark.parametrize("threads", [1, 3])
def test_equals_direct_convolution(size: tuple[int, int], threads: int, side: int) -> None:
    assert differing(convolution(5, 8, side), torch.rand(2, 5, *size), threads=threads) < ROUNDING


@SIDES
@pytest.mark.parametrize("depth", [1, LANES - 1, LANES, LANES + 5, 3 * LANES])
@pytest.mark.parametrize("width", [1, LANES - 1, LANES, LANES + 5, 3 * LANES])
def test_takes_any_width(depth: int, width: int, side: int) -> None:
    layer = convolution(depth, width, side, bias=False)
    assert differing(layer, torch.rand(3, depth, 9, 14)) < 3 * ROUNDING  # up to 48 channels


def test_takes_more_channels_than_the_cache_holds() -> None:
    assert differing(convolution(640, 8), torch.rand(1, 640, 9, 14)) < 10 * ROUNDING


@SIDES
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda activation: type(activation).__name__)
def test_what_follows_is_computed_with_it(activation: nn.Module, side: int) -> None:
    maps = torch.rand(1, 4, 8, 6) - 0.5
    assert differing(convolution(4, 9, side), maps, activation) < ROUNDING


@pytest.mark.parametrize("width", [3, LANES, LANES + 3])
def test_a_sum_is_computed_with_a_1x1_convolution(width: int) -> None:
    layer, maps, addend = convolution(7, width, 1), torch.rand(2, 7, 9, 5), torch.rand(2, width, 9, 5)
    found = Maps.empty((2, 9, 5, width))
    Layer.of(layer, nn.Identity()).convolve(Maps.of(maps), found, 2, Maps.of(addend))
    torch.testing.assert_close(found.tensor(), layer(maps) + addend, atol=ROUNDING, rtol=0)


@pytest.mark.parametrize("channels", [1, LANES, LANES + 3])
@pytest.mark.parametrize("threads", [1, 3])
def test_sums_and_copies_of_some_channels(channels: int, threads: int) -> None:
    one, two = torch.rand(2, channels, 5, 7), torch.rand(2, channels, 5, 7)
    into = Maps.empty((2, 5, 7, channels + 9))
    into.values[:] = -1
    layers.add(Maps.of(one), Maps.of(two), into.part(4, channels), threads)
    assert torch.equal(into.part(4, channels).tensor(), one + two)
    layers.add(Maps.of(one), Maps.of(two), into.part(4, channels), threads, 0.25)
    torch.testing.assert_close(into.part(4, channels).tensor(), one + 0.25 * two, atol=1e-7, rtol=0)
    layers.copy(Maps.of(one), into.part(4, channels), threads)
    assert torch.equal(into.part(4, channels).tensor(), one)
    assert float(into.part(0, 4).tensor().max()) == float(into.part(4 + channels, 5).tensor().max()) == -1


@given(
    n=st.integers(1, 3), height=st.integers(1, 14), width=st.integers(1, 14), threads=st.integers(2, 5),
    side=st.sampled_from([1, 3, 5]),
)  # fmt: skip
def test_threads_change_no_bit(n: int, height: int, width: int, threads: int, side: int) -> None:
    layer = Layer.of(convolution(3, 4, side), nn.ReLU())
    maps = Maps.of(torch.rand(n, 3, height, width))
    one, several = (Maps.empty((n, height, width, 4)) for _ in range(2))
    layer.convolve(maps, one, 1)
    layer.convolve(maps, several, threads)
    np.testing.assert_array_equal(one.values, several.values)
