"""Learns the network of `restoration.dct_network`.

Adam on the mean square error of crops with fresh noise of many strengths, behind the DCT.

    python -m restoration.learn_network PICTURES [FILE [STATE]]

writes the network that comes with this package, learnt on the pictures in the folder PICTURES, read as grey (see
docs/learnt-network.md for those that it was learnt on). Where STATE is named, the descent is written there as it goes,
and taken up again from there.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from restoration.dct.crops import ManyLevels, descend, noise_of, printed
from restoration.dct.learn import Progress
from restoration.dct_network import SHIPPED, Architecture, Corrector, guide_for, save_corrector

_LEVEL = 25 / 255
"""The noise whose errors count as they are; those of another sigma count (`_LEVEL` / sigma)^1.2, as PSNR has it."""


@dataclass(frozen=True)
class Schedule(ManyLevels):
    """How the network is learnt; each crop has noise of its own strength."""

    steps: int = 16_000
    crops: int = 24
    crop_size: int = 64
    stride: int = 1
    rate: float = 2e-3
    saved_every: int = 200


def learn_network(
    images: Sequence[Tensor],
    *,
    architecture: Architecture | None = None,
    schedule: Schedule | None = None,
    state: Path | None = None,
    progress: Progress | None = None,
) -> Corrector:
    """A network in evaluation mode that corrects best what the DCT makes of grey `images` (1, H, W) with noise.

    Each step's crops and noise depend on its number and the seed alone, so a descent taken up from `state` ends where
    an unbroken one does. Raises DivergedError with the loss where learning runs away, ShapeError for an image smaller
    than a crop.
    """
    schedule = schedule or Schedule()
    torch.manual_seed(schedule.seed)
    network = Corrector(architecture).train()
    _begin(network)

    def errors(clean: Tensor, sigmas: Tensor, step: int) -> Tensor:
        noisy = clean + noise_of(clean, schedule, step) * sigmas
        restored: Tensor = network(noisy, guide_for(noisy, sigmas), sigmas)
        return restored - clean

    def loss(wrong: Tensor, sigmas: Tensor, counts: Tensor) -> Tensor:
        return (counts * wrong.square() * (_LEVEL / sigmas) ** 1.2).mean() / _LEVEL**2

    descend([*network.parameters()], images, schedule, errors=errors, loss=loss, state=state, progress=progress)
    return network.eval()


def _begin(network: Corrector) -> None:
    """Weights for layers with ReLUs (He et al. 2015), and a last layer that leaves the DCT's result as it is."""
    for layer in network.layers:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(cast("Tensor", layer.bias))
    nn.init.zeros_(network.layers[-1].weight)  # type: ignore[arg-type]  # a convolution


def main(folder: str, file: str = str(SHIPPED), state: str | None = None) -> None:
    """Learns the network on the pictures in `folder` and writes it."""
    from restoration.images import image_paths, load_image

    images = [load_image(path, channels=1).pixels for path in image_paths(folder)]
    save_corrector(learn_network(images, state=Path(state) if state else None, progress=printed()), file)


if __name__ == "__main__":
    main(*sys.argv[1:])
