"""The network `upconv_7` of waifu2x: an upscaler by 2 of six convolutions and a transposed one (nagadomi 2015-2018).

Its weights for photographs were trained with a Huber loss, weighted by what each colour adds to the luma: for PSNR.
The image is continued by its border pixels, so that no zeros come in from outside.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from restoration import weights
from restoration.checkpoints.state import State, load_into, read_state
from restoration.errors import CheckpointError
from restoration.method import Restore, Setup
from restoration.runtimes import choice
from restoration.runtimes.winograd import by_algorithm, macs_per_place
from restoration.shapes import expect_maps
from restoration.tiles import Geometry

WIDTHS = (3, 16, 32, 64, 128, 128, 256)
"""Maps before and after each 3x3 convolution."""

SCALE = 2

_SLOPE = 0.1
"""Of the leaky ReLU behind each of them."""

_SEEN = len(WIDTHS)
"""Low-resolution pixels that an output pixel sees on each side."""

GEOMETRY = Geometry(overlap=_SEEN, scale=SCALE, bytes_per_pixel=4.0 * (WIDTHS[-1] + WIDTHS[-2] + 2 * 3 * SCALE**2))


class UpConv7(nn.Module):
    """`module(low)` turns (N, 3, H, W) in [0, 1] into (N, 3, 2H, 2W)."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in pairwise(WIDTHS):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.LeakyReLU(_SLOPE, inplace=True)]
        self.convolutions = nn.Sequential(*layers)
        self.enlarge = nn.ConvTranspose2d(WIDTHS[-1], 3, 4, stride=SCALE, padding=3)

    def forward(self, low: Tensor) -> Tensor:
        """The upscaled batch; raises ShapeError for another number of channels or dimensions."""
        expect_maps(low, WIDTHS[0], "waifu2x")
        maps = self.convolutions(functional.pad(low, [_SEEN] * 4, mode="replicate"))
        # The convolutions as published shrink the maps by a pixel each; here what saw the zeros outside is cut off.
        inside = len(WIDTHS) - 1
        return self.enlarge(maps[..., inside:-inside, inside:-inside])  # type: ignore[no-any-return]  # torch types a module's call as Any


def load_waifu2x(checkpoint: str | Path = "waifu2x-photo-x2") -> UpConv7:
    """The network in evaluation mode from its name or a `.param` file; raises CheckpointError for another's file."""
    state: State = {}
    for key, tensor in read_state(weights.locate(checkpoint)).items():
        layer, _, kind = key.rpartition(".")
        number = layer.removeprefix("conv").removesuffix("_layer")
        if not number.isdecimal() or not 1 <= int(number) <= len(WIDTHS):
            raise CheckpointError(f"{checkpoint}: not upconv_7 of waifu2x: it has a layer {layer}")
        name = "enlarge" if int(number) == len(WIDTHS) else f"convolutions.{2 * int(number) - 2}"
        state[f"{name}.{kind}"] = tensor
    network = UpConv7()
    load_into(network, state, str(checkpoint))
    return network.eval()


def build(setup: Setup) -> Restore:
    """The network with the weights of the option `checkpoint`, in the runtime and on the tiles of its options."""
    return choice.build(network(setup)[0], setup, GEOMETRY)


def network(setup: Setup) -> tuple[nn.Module, bool]:
    """The module that `build` runs; it is not told sigma."""
    return load_waifu2x(str(setup.options["checkpoint"])), False


def macs_per_pixel(setup: Setup) -> float:  # noqa: ARG001 - there is one size
    """Closed form: every weight works once per pixel of the low resolution."""
    return _kernels(lambda layer: layer.weight.numel())


def algorithms(setup: Setup) -> dict[str, float]:
    """Multiply-accumulates per output pixel of direct and of Winograd's convolution, the one that runs first."""
    fast = _kernels(lambda layer: macs_per_place(layer) if isinstance(layer, nn.Conv2d) else layer.weight.numel())
    return by_algorithm(setup, fast, macs_per_pixel(setup))


def parameters(setup: Setup) -> int:  # noqa: ARG001 - there is one size
    """Kernels and biases."""
    return sum(parameter.numel() for parameter in _shape_only().parameters())


def _kernels(cost: Callable[[nn.Conv2d | nn.ConvTranspose2d], float]) -> float:
    """The costs of all layers for one place of the low resolution, per pixel of the output."""
    layers = (layer for layer in _shape_only().modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d))
    return sum(map(cost, layers)) / SCALE**2


def _shape_only() -> UpConv7:
    """The network without memory behind its parameters."""
    with torch.device("meta"):
        return UpConv7()
