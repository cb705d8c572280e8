"""SPAN: the swift parameter-free attention network, an upscaler by 4 (Wan et al. 2024), as it runs after training.

Six blocks of three 3 x 3 convolutions; each block's output is weighted by a sigmoid of itself, which takes no
parameters. Every convolution is the one that those of training are merged into. With 28 maps it has the size of the
baseline of the NTIRE 2026 challenge on efficient super-resolution: 0.151 million parameters. Weights are random: cost
and time mean something, quality does not.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from restoration.errors import OptionError
from restoration.method import Restore, Setup
from restoration.runtimes import choice
from restoration.runtimes.winograd import by_algorithm, macs_per_place
from restoration.shapes import expect_maps

BLOCKS = 6
"""Blocks of attention."""

_COLORS = 3


class SPAN(nn.Module):
    """The network with so many maps between its layers; `module(low)` turns (N, 3, H, W) into (N, 3, 4H, 4W)."""

    def __init__(self, features: int = 28, scale: int = 4) -> None:
        super().__init__()
        self.first = _convolution(_COLORS, features)
        self.blocks = nn.ModuleList(Block(features) for _ in range(BLOCKS))
        self.last = _convolution(features, features)
        self.fuse = nn.Conv2d(4 * features, features, 1)
        self.output = nn.Sequential(_convolution(features, _COLORS * scale**2), nn.PixelShuffle(scale))

    def forward(self, low: Tensor) -> Tensor:
        """The upscaled batch; raises ShapeError for another number of channels or dimensions."""
        expect_maps(low, _COLORS, "span")
        shallow = self.first(low)
        maps, first, opening = shallow, shallow, shallow
        for number, block in enumerate(self.blocks):
            maps, opening = block(maps)
            first = maps if number == 0 else first
        return self.output(self.fuse(torch.cat((shallow, self.last(maps), first, opening), 1)))  # type: ignore[no-any-return]  # torch types a module's call as Any


class Block(nn.Module):
    """Three convolutions; their sum with the input is weighted by how far a sigmoid of them is from one half."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(_convolution(features, features) for _ in range(3))

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """(N, F, H, W) -> the block's output, and what its first convolution gave."""
        opening = self.convolutions[0](maps)
        middle = self.convolutions[1](nn.functional.silu(opening))
        last = self.convolutions[2](nn.functional.silu(middle))
        return (last + maps) * (torch.sigmoid(last) - 0.5), opening


def build(setup: Setup) -> Restore:
    """SPAN with random weights that are the same in every run, in the runtime of its options."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = SPAN(_features(setup), setup.scale)
    return choice.whole(network, setup)


def macs_per_pixel(setup: Setup) -> float:
    """Every weight works once per pixel of the low resolution; biases are additions."""
    return (parameters(setup) - _biases(setup)) / setup.scale**2


def algorithms(setup: Setup) -> dict[str, float]:
    """Multiply-accumulates per output pixel of direct and of Winograd's convolution, the one that runs first."""
    with torch.device("meta"):
        layers = [layer for layer in SPAN(_features(setup)).modules() if isinstance(layer, nn.Conv2d)]
    return by_algorithm(setup, sum(map(macs_per_place, layers)) / setup.scale**2, macs_per_pixel(setup))


def parameters(setup: Setup) -> int:
    """Weights and biases."""
    features, up = _features(setup), _COLORS * setup.scale**2
    threes = _COLORS * features + (3 * BLOCKS + 1) * features**2 + features * up
    return 9 * threes + 4 * features**2 + _biases(setup)


def _biases(setup: Setup) -> int:
    return (3 * BLOCKS + 3) * _features(setup) + _COLORS * setup.scale**2


def _features(setup: Setup) -> int:
    features = int(setup.options["features"])
    if features < 1:
        raise OptionError(f"span: features must be 1 or more, got {features}")
    return features


def _convolution(before: int, after: int) -> nn.Conv2d:
    return nn.Conv2d(before, after, 3, padding=1)
