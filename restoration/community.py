"""Methods from checkpoints by their path: whatever network the file holds is told from its keys and shapes.

FFDNet and RDN are this package's own. Every other network is recognised by the package `spandrel`, which knows some
forty architectures (ESRGAN, SwinIR, DRUNet, NAFNet, ...). Files are read by `restoration.checkpoints.state`, which runs
nothing that they contain; spandrel is handed the tensors alone.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from restoration import ffdnet, rdn
from restoration.builtin import METHODS
from restoration.checkpoints.state import State, described, read_state
from restoration.errors import CheckpointError, PackageMissingError
from restoration.method import Agreement, Method, Restore, Setup

_RECORDS = {method.name: method for method in METHODS}

_TOLD_SIGMA = ("DRUNet", "DnCNN")
"""Architectures that may take a map of sigma as their last channel."""


class Recognised(nn.Module):
    """A network that spandrel recognised, as a function of the degraded batch (N, C, H, W) at one noise level."""

    def __init__(self, descriptor: Any, sigma: float) -> None:
        super().__init__()
        self.network: nn.Module = descriptor.model.eval().requires_grad_(requires_grad=False)
        self.descriptor = descriptor
        self.sigma = sigma

    def forward(self, degraded: Tensor) -> Tensor:
        """The restored batch; images are run one by one, as many of the architectures expect."""
        return torch.cat([self._one(image[None]) for image in degraded])

    def _one(self, image: Tensor) -> Tensor:
        if not takes_sigma(self.descriptor):
            # It clamps in place: a network that returns what it was given would change the caller's image.
            return cast("Tensor", self.descriptor(image.clone()))
        height, width = image.shape[-2:]
        right, bottom = self.descriptor.size_requirements.get_padding(width, height)
        padded = nn.functional.pad(image, (0, right, 0, bottom), "replicate")
        level = padded.new_full((1, 1, *padded.shape[-2:]), self.sigma)
        restored: Tensor = self.network(torch.cat((padded, level), 1))
        return restored[..., :height, :width]


def method_of(path: str) -> Method:
    """The method that the checkpoint at `path` is; its task, scale, channels and options follow from the file.

    Raises CheckpointError for a file that is missing, broken, unsafe or of no known network, and PackageMissingError
    where it takes spandrel to know it and spandrel is not installed.
    """
    return _method_of(path, *_identity(path))


def takes_sigma(descriptor: Any) -> bool:
    """Whether a network that spandrel recognised is told the noise level, beside the image's channels."""
    if descriptor.architecture.id not in _TOLD_SIGMA:
        return False
    first = next(layer for layer in descriptor.model.modules() if isinstance(layer, nn.Conv2d))
    return bool(first.in_channels == descriptor.input_channels + 1)


def _identity(path: str) -> tuple[int, int]:
    """What changes when the file does."""
    try:
        found = Path(path).stat()
    except OSError as error:
        raise CheckpointError(f"{path}: no such file that can be read; expected a checkpoint") from error
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=32)
def _method_of(path: str, _changed: int, _size: int) -> Method:
    state = read_state(Path(path))
    for recognise in (_as_ffdnet, _as_rdn):
        try:
            return recognise(path, state)
        except CheckpointError:
            continue
    return _as_spandrel(path, state)


def _as_ffdnet(path: str, state: State) -> Method:
    network = ffdnet.network_of(state, path)
    return _own(_RECORDS["ffdnet"], path, channels=network.architecture.channels, scale=1)


def _as_rdn(path: str, state: State) -> Method:
    network = rdn.network_of(state, path)
    chosen = network.architecture
    return _own(_RECORDS["rdn-psnr-small"], path, channels=chosen.channels, scale=chosen.scale)


def _own(record: Method, path: str, *, channels: int, scale: int) -> Method:
    """A built-in method with another checkpoint."""
    return replace(
        record,
        name=path,
        title="",
        summary=f"{record.name} with the weights in {Path(path).name}",
        options={**record.options, "checkpoint": path},
        channels=(channels,),
        scales=(scale,),
        same_as=Agreement(path, 1e-5, {"runtime": "plain"}),
        weights=None,
        licence="",
    )


def _as_spandrel(path: str, state: State) -> Method:
    descriptor = _recognised(path, state)
    channels, scale = descriptor.input_channels, descriptor.scale
    if descriptor.purpose not in {"SR", "Restoration"} or channels != descriptor.output_channels:
        raise CheckpointError(
            f"{path}: {descriptor.architecture.name} for {descriptor.purpose}, {channels} channels to "
            f"{descriptor.output_channels}; expected a network that restores images"
        )
    size = sum(parameter.numel() for parameter in descriptor.model.parameters())
    return Method(
        name=path,
        task="upscale" if scale > 1 else "denoise",
        build=_builder(path),
        summary=" ".join([descriptor.architecture.name, *descriptor.tags, "from", Path(path).name]),
        channels=(channels,),
        scales=(scale,),
        dtypes=("float32", "bfloat16") if descriptor.supports_bfloat16 else ("float32",),
        parameters=lambda _: size,
        requires=("spandrel",),
        extra="community",
    )


def _builder(path: str) -> Callable[[Setup], Restore]:
    def build(setup: Setup) -> Restore:
        network = Recognised(_recognised(path, read_state(Path(path))), setup.sigma)
        return network.to(setup.device, setup.torch_dtype).eval()

    return build


def _recognised(path: str, state: State) -> Any:
    """Spandrel's description of the network, with it; raises CheckpointError for a file it does not know."""
    spandrel = _spandrel(path, state)
    try:
        return spandrel.ModelLoader().load_from_state_dict(spandrel.canonicalize_state_dict(state))
    except spandrel.UnsupportedModelError as error:
        raise CheckpointError(f"{path}: of no network that is known here: found {described(state)}") from error
    except Exception as error:  # keys that look like a known network and shapes that do not fit fail in any way
        reason = " ".join(str(error).split())[:200]
        raise CheckpointError(f"{path}: looks like a known network, but is not: {reason}") from error


def _spandrel(path: str, state: State) -> Any:
    try:
        return importlib.import_module("spandrel")
    except Exception as error:  # without its torchvision's own torch, the import fails with a RuntimeError
        raise PackageMissingError(
            f"{path}: neither FFDNet nor RDN (found {described(state)}); other networks need spandrel, which cannot be "
            f"imported here ({type(error).__name__}: {' '.join(str(error).split())[:100]}); in an environment of its "
            "own: pip install 'restobench[community]'"
        ) from error
