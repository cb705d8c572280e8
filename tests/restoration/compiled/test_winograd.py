"""Winograd's convolution: equal to the direct one, for any size, width and number of threads."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from torch import nn

from restoration.compiled import winograd
from restoration.compiled.winograd import Chain, outputs, points

NUMBERS = st.lists(st.integers(-9, 9).map(float), min_size=9, max_size=9)


@given(NUMBERS)
def test_six_products_make_four_outputs(numbers: list[float]) -> None:
    samples, taps = numbers[:6], numbers[6:]
    kernel = winograd._TAPS_TO_POINTS @ taps
    found = outputs([a * b for a, b in zip(points(samples), kernel.tolist(), strict=True)])
    np.testing.assert_allclose(found, np.correlate(samples, taps, "valid"), atol=1e-9)


def sequence(*widths: int, bias: bool = True) -> nn.Sequential:
    """Convolutions of these widths with a ReLU between."""
    torch.manual_seed(7)
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Conv2d(before, after, 3, padding=1, bias=bias), nn.ReLU()]
    return nn.Sequential(*layers[:-1]).requires_grad_(False)


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (5, 3), (8, 9), (31, 110)])
@pytest.mark.parametrize("threads", [1, 3])
def test_equals_direct_convolution(size: tuple[int, int], threads: int) -> None:
    direct = sequence(5, 8, 8, 4)
    maps = torch.rand(2, 5, *size)
    # Sums in another order, in float32, of values near one.
    torch.testing.assert_close(Chain(direct, threads)(maps), direct(maps), atol=2e-6, rtol=0)


@pytest.mark.parametrize("widths", [(3, 32), (24, 20)])
def test_takes_any_width(widths: tuple[int, int]) -> None:
    direct = sequence(*widths, bias=False)
    maps = torch.rand(1, widths[0], 9, 6)
    torch.testing.assert_close(Chain(direct, 1)(maps), direct(maps), atol=2e-6, rtol=0)


def test_turning_the_image_and_the_kernels_turns_the_result() -> None:
    direct = sequence(5, 8, 8, 4)
    maps = torch.rand(1, 5, 12, 17)
    upright = Chain(direct, 1)(maps)
    for layer in direct:
        if isinstance(layer, nn.Conv2d):
            layer.weight.copy_(layer.weight.transpose(2, 3).clone())
    torch.testing.assert_close(Chain(direct, 1)(maps.transpose(2, 3)).transpose(2, 3), upright, atol=2e-6, rtol=0)


def test_only_chains_are_replaced() -> None:
    strided = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1, stride=2))
    normed = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4))
    pointwise = nn.Sequential(nn.Conv2d(4, 4, 1))
    rectified = nn.Sequential(nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1))
    assert not winograd.applied(nn.ModuleList([strided, normed, pointwise, rectified, nn.Sequential()]), 1)
    network = nn.ModuleList([sequence(5, 8)])
    assert winograd.applied(network, 1)
    assert isinstance(network[0], Chain)
