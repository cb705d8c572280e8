"""RRDN: residual dense blocks within residual blocks, an upscaler by 2, 3 or 4 (Wang et al. 2018, ESRGAN).

T blocks of D residual dense blocks; each of these has C convolutions, each adding G maps to its input, and one that
fuses them to G0 maps. What a block adds is scaled by 0.2. As the Keras program of idealo has it: a 3x3 convolution to
scale^2 colours, pixel shuffle, and a last convolution at the high resolution.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from restoration import weights
from restoration.checkpoints.state import State, described, load_into, read_state
from restoration.errors import CheckpointError, ScaleError
from restoration.method import Restore, Setup
from restoration.runtimes import choice
from restoration.runtimes.winograd import by_algorithm, macs_per_place
from restoration.shapes import expect_maps
from restoration.tiles import Geometry

SCALES = (2, 3, 4)

_COLORS = 3
_BETA = 0.2
"""What is added by a block is scaled by it."""


@dataclass(frozen=True)
class Architecture:
    """What decides an RRDN's layers; the names in brackets are the Keras program's."""

    scale: int = 4
    blocks: int = 10
    """Outer blocks (T)."""
    dense: int = 3
    """Residual dense blocks in each of them (D)."""
    layers: int = 4
    """Convolutions in each of those (C)."""
    growth: int = 32
    """Maps that each adds (G)."""
    features: int = 64
    """Maps between blocks (G0)."""

    @property
    def geometry(self) -> Geometry:
        """One pixel per 3x3 convolution; the last one sees one low-resolution pixel."""
        widest = self.features + self.layers * self.growth
        return Geometry(
            overlap=4 + self.blocks * self.dense * (self.layers + 1),
            scale=self.scale,
            bytes_per_pixel=4 * (4 * self.features + 2 * widest + 2 * _COLORS * self.scale**2),
        )


class RRDN(nn.Module):
    """The network of `architecture`; `module(low)` turns (N, 3, H, W) in [0, 1] into (N, 3, scale H, scale W)."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        features = architecture.features
        self.first = _convolution(_COLORS, features)
        self.blocks = nn.Sequential(*(_outer(architecture) for _ in range(architecture.blocks)))
        self.last = _convolution(features, features)
        self.upscale = nn.Sequential(
            _convolution(features, _COLORS * architecture.scale**2), nn.PixelShuffle(architecture.scale)
        )
        self.output = _convolution(_COLORS, _COLORS)

    def forward(self, low: Tensor) -> Tensor:
        """The upscaled batch; raises ShapeError for another number of channels or dimensions."""
        expect_maps(low, _COLORS, "rrdn")
        shallow = self.first(low)
        return self.output(self.upscale(self.last(self.blocks(shallow)) + shallow))  # type: ignore[no-any-return]  # torch types a module's call as Any


class Scaled(nn.Module):
    """What `inner` makes of its input, scaled and added to it."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, maps: Tensor) -> Tensor:
        """(N, G0, H, W) -> the same shape."""
        return maps + _BETA * self.inner(maps)  # type: ignore[no-any-return]  # torch types a module's call as Any


class Dense(nn.Module):
    """Convolutions with ReLU, each of which sees all that came before it, and one that fuses them."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        growth = architecture.growth
        widths = [architecture.features + index * growth for index in range(architecture.layers + 1)]
        self.layers = nn.ModuleList(_convolution(width, growth) for width in widths[:-1])
        self.fuse = _convolution(widths[-1], architecture.features)

    def forward(self, maps: Tensor) -> Tensor:
        """(N, G0, H, W) -> the same shape."""
        for layer in self.layers:
            maps = torch.cat((maps, torch.relu(layer(maps))), 1)
        return self.fuse(maps)  # type: ignore[no-any-return]  # torch types a module's call as Any


def load_rrdn(checkpoint: str | Path) -> RRDN:
    """RRDN in evaluation mode from a checkpoint: the name of weights, or a TensorFlow.js file.

    Its sizes and its scale are read from the file. Raises CheckpointError for another network's file, and
    WeightsMissingError where a named one is neither on this machine nor to be had.
    """
    return network_of(read_state(weights.locate(checkpoint)), str(checkpoint))


def network_of(state: State, source: str = "state dict") -> RRDN:
    """The network that the Keras weights `state` were taken from; raises CheckpointError for another one's."""
    network = RRDN(architecture_of(state, source))
    scale = network.architecture.scale
    own = {_torch_key(key): tensor for key, tensor in state.items()}
    for key in ("upscale.0.weight", "upscale.0.bias"):
        if key in own:  # the Keras program counts the colours last, torch first
            own[key] = own[key].reshape(scale**2, _COLORS, *own[key].shape[1:]).transpose(0, 1).flatten(0, 1)
    load_into(network, own, source)
    return network.eval()


def architecture_of(state: Mapping[str, Tensor], source: str = "state dict") -> Architecture:
    """What `state`'s keys and shapes say; raises CheckpointError naming what the file has and what was expected."""
    wanted = ("Pre_blocks_conv/kernel", "F_1_1_1/kernel", "PreShuffle/kernel")
    if missing := next((key for key in wanted if key not in state or state[key].ndim != 4), None):  # noqa: PLR2004  # kernels
        raise CheckpointError(f"{source}: not an RRDN: found {described(state)}; expected a convolution {missing}")
    scale = math.isqrt(len(state["PreShuffle/kernel"]) // _COLORS)
    if scale not in SCALES or _COLORS * scale**2 != len(state["PreShuffle/kernel"]):
        raise CheckpointError(
            f"{source}: an RRDN with {len(state['PreShuffle/kernel'])} maps to shuffle; expected 12, 27 or 48"
        )
    return Architecture(
        scale=scale,
        blocks=_largest(state, r"LFF_(\d+)_1/kernel"),
        dense=_largest(state, r"LFF_1_(\d+)/kernel"),
        layers=_largest(state, r"F_1_1_(\d+)/kernel"),
        growth=len(state["F_1_1_1/kernel"]),
        features=len(state["Pre_blocks_conv/kernel"]),
    )


def build(setup: Setup) -> Restore:
    """RRDN with the weights of the option `checkpoint`, in the runtime and on the tiles of its options."""
    loaded = _loaded(setup)
    return choice.build(loaded, setup, loaded.architecture.geometry)


def network(setup: Setup) -> tuple[nn.Module, bool]:
    """The module that `build` runs; it is not told sigma."""
    return _loaded(setup), False


def macs_per_pixel(setup: Setup) -> float:
    """Closed form, per pixel of the output: every kernel works at the low resolution, but for the last."""
    return _per_pixel(_shape_only(setup), lambda layer: layer.weight.numel())


def algorithms(setup: Setup) -> dict[str, float]:
    """Multiply-accumulates per output pixel of direct and of Winograd's convolution, the one that runs first."""
    return by_algorithm(setup, _per_pixel(_shape_only(setup), macs_per_place), macs_per_pixel(setup))


def parameters(setup: Setup) -> int:
    """Learnt parameters: kernels and biases."""
    return sum(parameter.numel() for parameter in _shape_only(setup).parameters())


ARCHITECTURES: Mapping[str, Architecture] = {
    "thick-x4": Architecture(),
    "gans-x4": Architecture(features=32),
}
"""Of the named weights, so that they are counted where they are not on this machine."""


def _shape_only(setup: Setup) -> RRDN:
    """The setup's network without memory behind its parameters."""
    checkpoint = str(setup.options["checkpoint"])
    if checkpoint not in ARCHITECTURES:
        return load_rrdn(checkpoint)
    with torch.device("meta"):
        return RRDN(ARCHITECTURES[checkpoint])


def _loaded(setup: Setup) -> RRDN:
    """The network that the setup names; raises ScaleError where it has another scale."""
    checkpoint = str(setup.options["checkpoint"])
    network = load_rrdn(checkpoint)
    if network.architecture.scale != setup.scale:
        raise ScaleError(f"rrdn: {checkpoint} upscales by {network.architecture.scale}, got scale {setup.scale}")
    return network


def _per_pixel(network: RRDN, cost: Callable[[nn.Conv2d], float]) -> float:
    """The convolutions' costs for one place of their maps, per pixel of the output."""
    low = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d) and layer is not network.output]
    return sum(map(cost, low)) / network.architecture.scale**2 + cost(network.output)


def _outer(architecture: Architecture) -> nn.Module:
    return Scaled(nn.Sequential(*(Scaled(Dense(architecture)) for _ in range(architecture.dense))))


def _convolution(before: int, after: int) -> nn.Conv2d:
    return nn.Conv2d(before, after, 3, padding=1)


def _largest(state: Mapping[str, Tensor], pattern: str) -> int:
    """The largest number that the pattern's group stands for in any key; 0 where no key has it."""
    return max((int(found[1]) for key in state if (found := re.fullmatch(pattern, key))), default=0)


_KERAS_LAYERS = {
    "Pre_blocks_conv": "first", "post_blocks_conv": "last", "PreShuffle": "upscale.0", "SR": "output",
}  # fmt: skip


def _torch_key(key: str) -> str:
    """A Keras weight's name (`F_3_1_2/kernel`, counted from 1) as this module's key; any other key as it is."""
    layer, _, kind = key.partition("/")
    if kind not in {"kernel", "bias"}:
        return key
    suffix = "weight" if kind == "kernel" else "bias"
    if match := re.fullmatch(r"(F|LFF)_(\d+)_(\d+)(?:_(\d+))?", layer):
        inside = f"blocks.{int(match[2]) - 1}.inner.{int(match[3]) - 1}.inner"
        return f"{inside}.layers.{int(match[4]) - 1}.{suffix}" if match[4] else f"{inside}.fuse.{suffix}"
    return f"{_KERAS_LAYERS.get(layer, layer)}.{suffix}"
