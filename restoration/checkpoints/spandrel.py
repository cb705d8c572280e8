"""Recognises a network by the package `spandrel`, which knows some forty architectures (ESRGAN, SwinIR, DRUNet, ...).

Spandrel gets the tensors that `restoration.checkpoints.state` has read; it never opens a file.
"""

from __future__ import annotations

import importlib
from typing import Any, cast

import torch
from torch import Tensor, nn

from restoration.checkpoints.state import State, described
from restoration.errors import CheckpointError, PackageMissingError

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
        if not _takes_sigma(self.descriptor):
            # It clamps in place: a network that returns its input would change the caller's image.
            return cast("Tensor", self.descriptor(image.clone()))
        height, width = image.shape[-2:]
        right, bottom = self.descriptor.size_requirements.get_padding(width, height)
        padded = nn.functional.pad(image, (0, right, 0, bottom), "replicate")
        level = padded.new_full((1, 1, *padded.shape[-2:]), self.sigma)
        restored: Tensor = self.network(torch.cat((padded, level), 1))
        return restored[..., :height, :width]


def recognised(path: str, state: State) -> Any:
    """Spandrel's description of the network, with it; raises CheckpointError for a file it does not know."""
    spandrel = _spandrel(path, state)
    try:
        return spandrel.ModelLoader().load_from_state_dict(spandrel.canonicalize_state_dict(state))
    except spandrel.UnsupportedModelError as error:
        raise CheckpointError(f"{path}: of no network that is known here: found {described(state)}") from error
    except Exception as error:  # keys that look like a known network and shapes that do not fit fail in any way
        reason = " ".join(str(error).split())[:200]
        raise CheckpointError(f"{path}: looks like a known network, but is not: {reason}") from error


def _takes_sigma(descriptor: Any) -> bool:
    """Whether a network that spandrel recognised takes the noise level as one more channel."""
    if descriptor.architecture.id not in _TOLD_SIGMA:
        return False
    first = next(layer for layer in descriptor.model.modules() if isinstance(layer, nn.Conv2d))
    return bool(first.in_channels == descriptor.input_channels + 1)


def _spandrel(path: str, state: State) -> Any:
    try:
        return importlib.import_module("spandrel")
    except Exception as error:  # without its torchvision's own torch, the import fails with a RuntimeError
        raise PackageMissingError(
            f"{path}: neither FFDNet nor RDN (found {described(state)}); other networks need spandrel, which cannot be "
            f"imported here ({type(error).__name__}: {' '.join(str(error).split())[:100]}); in an environment of its "
            "own: pip install 'restobench[community]'"
        ) from error
