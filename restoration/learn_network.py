"""Learns the network of `restoration.dct_network`.

Adam on the mean square error of crops with fresh noise of many strengths, behind the DCT.

    python -m restoration.learn_network PICTURES [FILE [STATE]]

writes the network that comes with this package, learnt on the pictures in the folder PICTURES, read as grey (see
docs/learnt-network.md for those that it was learnt on). Where STATE is named, the descent is written there as it goes,
and taken up again from there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from restoration.dct.crops import ManyLevels, batch_of, noise_of, sizes_of
from restoration.dct.learn import check_end, check_loss, image_shares
from restoration.dct_network import SHIPPED, Architecture, Corrector, guide_for, save_corrector

Progress = Callable[[int, float], None]
"""Told each step's number and loss."""

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
    optimizer = torch.optim.Adam(network.parameters(), lr=schedule.rate)
    start = _resume(state, network, optimizer)
    shares = image_shares(images, _LEVEL)
    pyramid = [sizes_of(image, schedule) for image in images]
    costs: list[float] = []
    for step in range(start, schedule.steps):
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate_at(step)
        clean, sigmas, counts = batch_of(pyramid, shares, schedule, step)
        errors = _errors(network, clean, clean + noise_of(clean, schedule, step) * sigmas, sigmas)
        costs.append(float((errors.detach() / sigmas.square()).mean()))
        check_loss(costs[-1], step)
        loss = (counts * errors * (_LEVEL / sigmas) ** 1.2).mean() / _LEVEL**2
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimizer.step()
        if progress:
            progress(step, loss.item())
        if state and (step + 1) % schedule.saved_every == 0:
            saved = {"step": step + 1, "network": network.state_dict(), "optimizer": optimizer.state_dict()}
            torch.save(saved, state)
    check_end(costs or [0.0])  # none where the state was at its end
    return network.eval()


def _errors(network: Corrector, clean: Tensor, noisy: Tensor, sigmas: Tensor) -> Tensor:
    """The square errors of the restored crops."""
    restored: Tensor = network(noisy, guide_for(noisy, sigmas), sigmas)
    return (restored - clean).square()


def _begin(network: Corrector) -> None:
    """Weights for layers with ReLUs (He et al. 2015), and a last layer that leaves the DCT's result as it is."""
    for layer in network.layers:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(cast("Tensor", layer.bias))
    nn.init.zeros_(network.layers[-1].weight)  # type: ignore[arg-type]  # a convolution


def _resume(state: Path | None, network: Corrector, optimizer: torch.optim.Adam) -> int:
    """The number of steps that `state` holds, whose network and momenta are taken over."""
    if state is None or not state.exists():
        return 0
    saved = torch.load(state, weights_only=True)
    network.load_state_dict(saved["network"])
    optimizer.load_state_dict(saved["optimizer"])
    return int(saved["step"])


def main(folder: str, file: str = str(SHIPPED), state: str | None = None) -> None:
    """Learns the network on the pictures in `folder` and writes it."""
    from restoration.images import image_paths, load_image

    losses: list[float] = []

    def progress(step: int, loss: float) -> None:
        losses.append(loss)
        if (step + 1) % 100 == 0:
            print(f"step {step + 1}: loss {sum(losses) / len(losses):.4f}", flush=True)  # noqa: T201 - a command
            losses.clear()

    images = [load_image(path, channels=1).pixels for path in image_paths(folder)]
    save_corrector(learn_network(images, state=Path(state) if state else None, progress=progress), file)


if __name__ == "__main__":
    main(*sys.argv[1:])
