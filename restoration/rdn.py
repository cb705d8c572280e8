"""RDN: the residual dense network, an upscaler by 2, 3 or 4 (Zhang, Tian, Kong, Zhong & Fu 2018).

D residual dense blocks of C convolutions, each adding G maps to its input, between G0 maps. Two ways of
getting to the high resolution, recognised from the checkpoint: `shuffle` (the paper's: a convolution to scale^2 times
the maps, then pixel shuffle; by 4 in two steps) and `nearest` (the Keras models': three convolutions down to 12 maps,
each pixel repeated).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

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

Upsampling = Literal["shuffle", "nearest"]

SCALES = (2, 3, 4)

_FLOAT_BYTES = 4


@dataclass(frozen=True)
class Architecture:
    """What decides an RDN's layers; the names in brackets are the paper's."""

    scale: int = 2
    blocks: int = 16
    """Residual dense blocks (D)."""
    layers: int = 8
    """Convolutions in each of them (C)."""
    growth: int = 64
    """Maps that each adds (G)."""
    features: int = 64
    """Maps between blocks (G0)."""
    channels: int = 3
    upsampling: Upsampling = "shuffle"

    def __post_init__(self) -> None:
        if self.scale not in SCALES:
            raise ScaleError(f"rdn: scale must be 2, 3 or 4, got {self.scale}")

    @property
    def maps_before_output(self) -> int:
        """Maps that the last convolution sees, at the high resolution."""
        return self.features if self.upsampling == "shuffle" else self.channels * self.scale**2

    @property
    def geometry(self) -> Geometry:
        """One pixel per 3x3 convolution; the last ones, on finer grids, see one low-resolution pixel between them."""
        up = 2 if self.upsampling == "shuffle" else 2 + 1 + 1 + 1
        widest = self.features + self.layers * self.growth
        # All blocks' outputs and their concatenation, then what is larger: a dense block's maps, or the way up.
        low = 2 * self.features * self.blocks + 2 * self.features
        high = 2 * self.scale**2 * self.maps_before_output
        return Geometry(
            overlap=3 + self.blocks * self.layers + up,
            scale=self.scale,
            bytes_per_pixel=_FLOAT_BYTES * (low + max(2 * widest, high)),
        )


class RDN(nn.Module):
    """The network of `architecture`; `module(low)` turns (N, C, H, W) in [0, 1] into (N, C, scale H, scale W)."""

    def __init__(self, architecture: Architecture | None = None) -> None:
        super().__init__()
        self.architecture = chosen = architecture or Architecture()
        self.sfe1 = _convolution(chosen.channels, chosen.features)
        self.sfe2 = _convolution(chosen.features, chosen.features)
        self.rdbs = nn.ModuleList(DenseBlock(chosen) for _ in range(chosen.blocks))
        self.gff = nn.Sequential(
            _convolution(chosen.features * chosen.blocks, chosen.features, 1),
            _convolution(chosen.features, chosen.features),
        )
        self.upscale = _shuffle(chosen) if chosen.upsampling == "shuffle" else _nearest(chosen)
        self.output = _convolution(chosen.maps_before_output, chosen.channels)

    def forward(self, low: Tensor) -> Tensor:
        """The upscaled batch; raises ShapeError for another number of channels or dimensions."""
        expect_maps(low, self.architecture.channels, "rdn")
        shallow = self.sfe1(low)
        maps = self.sfe2(shallow)
        dense = [maps := block(maps) for block in self.rdbs]
        upscaled: Tensor = self.upscale(self.gff(torch.cat(dense, 1)) + shallow)
        return self.output(upscaled)  # type: ignore[no-any-return]  # torch types a module's call as Any


class DenseBlock(nn.Module):
    """A residual dense block: each layer sees all that came before it; a 1x1 convolution fuses them."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        widths = [architecture.features + index * architecture.growth for index in range(architecture.layers + 1)]
        self.layers = nn.Sequential(*(DenseLayer(width, architecture.growth) for width in widths[:-1]))
        self.lff = _convolution(widths[-1], architecture.features, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """(N, G0, H, W) -> the same shape."""
        return maps + self.lff(self.layers(maps))  # type: ignore[no-any-return]  # torch types a module's call as Any


class DenseLayer(nn.Module):
    """A 3x3 convolution and ReLU whose maps are put behind its input."""

    def __init__(self, before: int, growth: int) -> None:
        super().__init__()
        self.conv = _convolution(before, growth)

    def forward(self, maps: Tensor) -> Tensor:
        """(N, before, H, W) -> (N, before + growth, H, W)."""
        return torch.cat((maps, torch.relu(self.conv(maps))), 1)


def load_rdn(checkpoint: str | Path = "psnr-small-x2") -> RDN:
    """RDN in evaluation mode from a name of `ARCHITECTURES`, or a torch, safetensors or TensorFlow.js file.

    Its sizes and its scale are read from the file. Raises CheckpointError for another network's file, and
    WeightsMissingError where a named one is neither on this machine nor to be had.
    """
    return network_of(read_state(weights.locate(checkpoint)), str(checkpoint))


def network_of(state: State, source: str = "state dict") -> RDN:
    """The network that `state` was taken from, in evaluation mode; raises CheckpointError for another one's."""
    state = {_torch_key(key): tensor for key, tensor in state.items()}
    network = RDN(architecture_of(state, source))
    load_into(network, state, source)
    return network.eval()


def architecture_of(state: Mapping[str, Tensor], source: str = "state dict") -> Architecture:
    """What `state`'s keys and shapes say; raises CheckpointError naming what the file has and what was expected."""
    wanted = ("sfe1.weight", "rdbs.0.layers.0.conv.weight", "upscale.0.weight", "output.weight")
    if missing := next((key for key in wanted if key not in state or state[key].ndim != 4), None):  # noqa: PLR2004  # kernels
        raise CheckpointError(f"{source}: not an RDN: found {described(state)}; expected a convolution {missing}")
    features, channels = state["sfe1.weight"].shape[:2]
    upsampling, scale = _upsampling_of(state)
    if scale not in SCALES:
        raise CheckpointError(f"{source}: an RDN of scale {scale:g}; expected 2, 3 or 4")
    return Architecture(
        scale=int(scale),
        blocks=_count(state, r"rdbs\.(\d+)\.lff\.weight"),
        layers=_count(state, r"rdbs\.0\.layers\.(\d+)\.conv\.weight"),
        growth=state["rdbs.0.layers.0.conv.weight"].shape[0],
        features=features,
        channels=channels,
        upsampling=upsampling,
    )


def build_paper(setup: Setup) -> Restore:
    """RDN of the paper's size, or of the options', with random weights that are the same in every run."""
    made = _random(setup)
    return choice.build(made, setup, made.architecture.geometry)


def paper_network(setup: Setup) -> tuple[nn.Module, bool]:
    """The module that `build_paper` runs; it is not told sigma."""
    return _random(setup), False


def build(setup: Setup) -> Restore:
    """RDN with the weights that the option `checkpoint` names, in the runtime and on the tiles of its options."""
    loaded = _loaded(setup)
    return choice.build(loaded, setup, loaded.architecture.geometry)


def network(setup: Setup) -> tuple[nn.Module, bool]:
    """The module that `build` runs; it is not told sigma."""
    return _loaded(setup), False


def macs_per_pixel(setup: Setup) -> float:
    """Closed form, per pixel of the output: the kernels' sizes, divided by scale^2 where they run at low resolution."""
    return _per_pixel(_shape_only(setup), lambda layer: layer.weight.numel())


def algorithms(setup: Setup) -> dict[str, float]:
    """Multiply-accumulates per output pixel of direct and of Winograd's convolution, the one that runs first."""
    network = _shape_only(setup)
    return by_algorithm(setup, _per_pixel(network, macs_per_place), macs_per_pixel(setup))


def parameters(setup: Setup) -> int:
    """Learnt parameters: kernels and biases."""
    return sum(parameter.numel() for parameter in _shape_only(setup).parameters())


def _loaded(setup: Setup) -> RDN:
    """The network that the setup names; raises ScaleError where it has another scale."""
    checkpoint = str(setup.options["checkpoint"])
    network = load_rdn(checkpoint)
    if network.architecture.scale != setup.scale:
        raise ScaleError(f"rdn: {checkpoint} upscales by {network.architecture.scale}, got scale {setup.scale}")
    return network


def _random(setup: Setup) -> RDN:
    """The paper's network with random weights that are the same in every run."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return RDN(_paper(setup)).eval()


ARCHITECTURES: Mapping[str, Architecture] = {
    "psnr-small-x2": Architecture(blocks=10, layers=3, upsampling="nearest"),
    "slim-x4": Architecture(4, blocks=2, layers=1, growth=4, upsampling="nearest"),
    "medium-x4": Architecture(4, blocks=10, layers=1, upsampling="nearest"),
}
"""Of the named weights, so that they are counted where they are not on this machine."""


def _shape_only(setup: Setup) -> RDN:
    """The setup's network without memory behind its parameters."""
    checkpoint = str(setup.options.get("checkpoint", ""))
    with torch.device("meta"):
        if not checkpoint:
            return RDN(_paper(setup))
        if checkpoint in ARCHITECTURES:
            return RDN(ARCHITECTURES[checkpoint])
    return load_rdn(checkpoint)


def _paper(setup: Setup) -> Architecture:
    blocks, layers, growth, features = (int(setup.options[name]) for name in ("blocks", "layers", "growth", "features"))
    return Architecture(setup.scale, blocks, layers, growth, features, setup.channels)


def _per_pixel(network: RDN, cost: Callable[[nn.Conv2d], float]) -> float:
    """The convolutions' costs for one place of their maps, per pixel of the output."""
    scale, total = network.architecture.scale, 0.0
    finer = network.upscale if network.architecture.upsampling == "shuffle" else nn.Sequential()
    steps = {layer: 2**step for step, layer in enumerate(found for found in finer if isinstance(found, nn.Conv2d))}
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            grid = scale if layer is network.output else steps.get(layer, 1)
            total += cost(layer) * (grid / scale) ** 2
    return total


def _convolution(before: int, after: int, size: int = 3) -> nn.Conv2d:
    return nn.Conv2d(before, after, size, padding=size // 2)


def _shuffle(architecture: Architecture) -> nn.Sequential:
    """By 2 or 3 in one step, by 4 in two."""
    features, factor = architecture.features, 3 if architecture.scale == 3 else 2  # noqa: PLR2004  # the scales there are
    layers: list[nn.Module] = []
    for _ in range(round(math.log(architecture.scale, factor))):
        layers += [_convolution(features, features * factor**2), nn.PixelShuffle(factor)]
    return nn.Sequential(*layers)


def _nearest(architecture: Architecture) -> nn.Sequential:
    """The Keras models' way up: convolutions of 5, 3 and 3 pixels, each pixel repeated."""
    return nn.Sequential(
        _convolution(architecture.features, 64, 5),
        nn.ReLU(inplace=True),
        _convolution(64, 32),
        nn.ReLU(inplace=True),
        _convolution(32, architecture.maps_before_output),
        nn.Upsample(scale_factor=architecture.scale, mode="nearest"),
    )


def _upsampling_of(state: Mapping[str, Tensor]) -> tuple[Upsampling, float]:
    """The way up and its factor, which the number of maps before the last step tells."""
    first, last = state["upscale.0.weight"], state["output.weight"]
    if first.shape[-1] > 3:  # noqa: PLR2004  # only `nearest` has a 5x5 kernel
        return "nearest", math.sqrt(last.shape[1] / last.shape[0])
    factor = math.sqrt(first.shape[0] / first.shape[1])
    return "shuffle", factor ** _count(state, r"upscale\.(\d+)\.weight")


def _count(state: Mapping[str, Tensor], pattern: str) -> int:
    return sum(re.fullmatch(pattern, key) is not None for key in state)


_KERAS_LAYERS = {"F_m1": "sfe1", "F_0": "sfe2", "GFF_1": "gff.0", "GFF_2": "gff.1", "SR": "output"}
_KERAS_UPSCALE = {"UPN1": "upscale.0", "UPN2": "upscale.2", "UPN3": "upscale.4"}


def _torch_key(key: str) -> str:
    """A Keras weight's name (`F_3_1/kernel`, counted from 1) as this module's key; any other key as it is."""
    layer, _, kind = key.partition("/")
    if kind not in {"kernel", "bias"}:
        return key
    suffix = "weight" if kind == "kernel" else "bias"
    if match := re.fullmatch(r"F_(\d+)_(\d+)", layer):
        return f"rdbs.{int(match[1]) - 1}.layers.{int(match[2]) - 1}.conv.{suffix}"
    if match := re.fullmatch(r"LFF_(\d+)", layer):
        return f"rdbs.{int(match[1]) - 1}.lff.{suffix}"
    return f"{(_KERAS_LAYERS | _KERAS_UPSCALE).get(layer, layer)}.{suffix}"
