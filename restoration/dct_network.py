"""The sliding DCT, whose result a small network corrects: what stands between the DCTs and FFDNet.

The DCT has taken most of the noise away before the network begins, which sees the restored image, what was taken away
and the level of the noise, all on a grid of half the resolution, as FFDNet does (Zhang, Zuo and Zhang 2018), and so can
be a twelfth of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, pixel_shuffle, pixel_unshuffle

from restoration.checkpoints.state import described, read_state
from restoration.compiled import winograd
from restoration.dct import operations
from restoration.dct.denoise import Engine, check_sigma, dct_denoise
from restoration.errors import CheckpointError
from restoration.method import Option, Restore, Setup
from restoration.runtimes import choice
from restoration.runtimes.winograd import by_algorithm
from restoration.tiles import Geometry, within_memory

SHIPPED = Path(__file__).with_name("dct_network.safetensors")
"""The network that comes with this package, learnt by `restoration.learn_network`; numbers of 16 bits."""

_BLOCK = 8
_RATIO = 2.7
_LEVEL = 25 / 255
"""The sigma at which the map of the noise's level is 1."""


@dataclass(frozen=True)
class Architecture:
    """What decides the layers: the inner width and the number of convolutions."""

    features: int = 32
    depth: int = 6

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels before the first convolution and after each: the level and 4 phases of two images come in."""
        return (9, *[self.features] * (self.depth - 1), 4)

    @property
    def macs_per_pixel(self) -> float:
        """Multiply-accumulates of the convolutions per pixel of the image; they run at half its height and width."""
        return sum(before * after * 9 for before, after in pairwise(self.widths)) / 4

    @property
    def geometry(self) -> Geometry:
        """Each convolution sees one cell of 2 x 2 pixels further, and the DCT before them the blocks of every pixel.

        At the peak, three inner maps are alive.
        """
        cells = 3 * self.features + 2 * (self.widths[0] + self.widths[-1])
        return Geometry(overlap=2 * self.depth + _BLOCK - 1, multiple=2, bytes_per_pixel=cells)


class Corrector(nn.Module):
    """The network of `architecture`: `module(noisy, guide, sigma)` improves what the DCT made of a noisy batch."""

    def __init__(self, architecture: Architecture | None = None) -> None:
        super().__init__()
        self.architecture = architecture or Architecture()
        layers: list[nn.Module] = []
        for before, after in pairwise(self.architecture.widths):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, noisy: Tensor, guide: Tensor, sigma: Tensor) -> Tensor:
        """The restored batch; `noisy` and `guide` (N, 1, H, W), `sigma` broadcasts to (N, 1, 1, 1)."""
        height, width = noisy.shape[-2:]
        padding = (0, width % 2, 0, height % 2)
        both = torch.cat(((noisy - guide) / sigma, 4 * guide - 2), 1)
        if any(padding):
            both = pad(both, padding, mode="replicate")
        phases = pixel_unshuffle(both, 2)  # (N, 8, H/2, W/2)
        level = (sigma / _LEVEL).expand(phases.shape[0], 1, *phases.shape[-2:])
        wrong = pixel_shuffle(self.layers(torch.cat((level, phases), 1)), 2)  # (N, 1, H, W), in units of sigma
        return guide + sigma * wrong[..., :height, :width]


class AtSigma(nn.Module):
    """The network at one noise level, a function of one batch (N, 2, H, W), noisy and guide, as runtimes want it."""

    sigma: Tensor

    def __init__(self, network: Corrector, sigma: float) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("sigma", torch.full((1, 1, 1, 1), sigma))

    def forward(self, images: Tensor) -> Tensor:
        """The restored batch (N, 1, H, W)."""
        return self.network(images[:, :1], images[:, 1:], self.sigma)  # type: ignore[no-any-return]  # a module's


def load_corrector(file: Path | str = SHIPPED) -> Corrector:
    """The network in evaluation mode from a file of `save_corrector`; raises CheckpointError for another one's file."""
    state = read_state(Path(file))
    kernels = [tensor for key, tensor in state.items() if key.endswith("weight")]
    found = Architecture(kernels[0].shape[0], len(kernels)) if kernels else None
    network = Corrector(found)
    if {key: tensor.shape for key, tensor in network.state_dict().items()} != {k: t.shape for k, t in state.items()}:
        raise CheckpointError(f"{file}: not a network behind the DCT: found {described(state)}")
    network.load_state_dict(state)
    return network.eval()


def save_corrector(network: Corrector, file: Path | str) -> None:
    """Writes a network as safetensors with numbers of 16 bits."""
    from safetensors.torch import save_file

    save_file({key: tensor.half() for key, tensor in network.state_dict().items()}, file)


def guide_for(noisy: Tensor, sigma: float | Tensor, *, engine: Engine = "auto") -> Tensor:
    """What the network corrects; `sigma` a number, or one per image (N, 1, 1, 1)."""
    if isinstance(sigma, Tensor):  # a hard threshold knows no scale
        return dct_denoise(noisy / sigma, 1.0, block_size=_BLOCK, ratio=_RATIO, engine=engine) * sigma
    return dct_denoise(noisy, sigma, block_size=_BLOCK, ratio=_RATIO, engine=engine)


def build(setup: Setup) -> Restore:
    """The DCT and the network at the setup's sigma, by the engine, in the runtime and on the tiles of its options."""
    check_sigma(setup.sigma)
    network = load_corrector()
    engine = cast("Engine", str(setup.options["engine"]))
    correct = choice.whole(AtSigma(network, setup.sigma), setup)

    def restore(noisy: Tensor) -> Tensor:
        return correct(torch.cat((noisy, guide_for(noisy, setup.sigma, engine=engine)), 1))

    return within_memory(restore, network.architecture.geometry, tile=int(setup.options["tile"]))


def macs_per_pixel(setup: Setup) -> float:
    """Closed form, per output pixel: the DCT's and the network's."""
    return operations.macs_per_pixel(_dct(setup)) + Architecture().macs_per_pixel


def algorithms(setup: Setup) -> dict[str, float]:
    """The same with the network's convolutions computed in each way, the one that runs first."""
    architecture = Architecture()
    transforms = next(iter(operations.algorithms(_dct(setup)).values()))
    fast = sum(winograd.macs_per_place(before, after) for before, after in pairwise(architecture.widths)) / 4
    return by_algorithm(setup, transforms + fast, transforms + architecture.macs_per_pixel)


def parameters(_: Setup) -> int:
    """Learnt parameters of the network; the DCT has none."""
    return sum(parameter.numel() for parameter in Corrector().parameters())


def _dct(setup: Setup) -> Setup:
    """The setup of the DCT before the network."""
    options: dict[str, Option] = {"block_size": _BLOCK, "stride": 1, "spacing": 0.0, "aggregation": "uniform"}
    return replace(setup, options={**options, "engine": setup.options["engine"]})
