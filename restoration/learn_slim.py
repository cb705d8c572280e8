"""Learns the slim FFDNet: the published form with fewer and narrower layers, for times between the DCT's and FFDNet's.

Adam on the mean square error of crops with fresh noise of many strengths, each told to the network.

    python -m restoration.learn_slim PICTURES [FILE [STATE]]

writes the network that comes with this package, learnt on the grey pictures in the folder PICTURES (see
docs/learnt-network.md for those that it was learnt on). Where STATE is named, the descent is written there as it goes,
and taken up again from there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from restoration.dct.crops import ManyLevels, batch_of, noise_of, sizes_of
from restoration.dct.learn import check_end, check_loss, image_shares
from restoration.ffdnet import SLIM, SLIM_FILE, Architecture, FFDNet, save_ffdnet

Batch = tuple[Tensor, Tensor, Tensor, Tensor]
"""Crops clean and noisy (N, 1, S, S), the noise's deviation and how much each counts (N, 1, 1, 1)."""

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
    """Not used: a network has no blocks."""
    rate: float = 2e-3
    saved_every: int = 200
    settled_at: int = 9_000
    """The step from which the batch norms use what they measured over `settled_on` batches, and move no more.

    The errors of single batches' statistics cost 0.4 dB at sigma 25 halfway, and more at 50.
    """
    settled_on: int = 100


def learn_slim(
    images: Sequence[Tensor],
    *,
    architecture: Architecture = SLIM,
    schedule: Schedule | None = None,
    state: Path | None = None,
    progress: Progress | None = None,
) -> FFDNet:
    """A network in evaluation mode that removes noise best from clean grey `images` (1, H, W).

    Each step's crops and noise depend on its number and the seed alone, so a descent taken up from `state` ends where
    an unbroken one does. Raises DivergedError with the loss where learning runs away, ShapeError for an image smaller
    than a crop.
    """
    schedule = schedule or Schedule()
    torch.manual_seed(schedule.seed)
    network = FFDNet(architecture).train()
    nn.init.zeros_(network.layers[-1].weight)  # type: ignore[arg-type]  # a convolution: no noise is removed at first
    optimizer = torch.optim.Adam(network.parameters(), lr=schedule.rate)
    start = _resume(state, network, optimizer)
    batch = partial(_batch, [sizes_of(image, schedule) for image in images], image_shares(images, _LEVEL), schedule)
    costs: list[float] = []
    for step in range(start, schedule.steps):
        if step == schedule.settled_at:
            _settle(network, map(batch, range(schedule.steps, schedule.steps + schedule.settled_on)))
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate_at(step)
        cost, loss = _errors(network.train(step < schedule.settled_at), batch(step))
        costs.append(cost)
        check_loss(cost, step)
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


def _batch(pyramid: list[list[Tensor]], shares: Tensor, schedule: Schedule, step: int) -> Batch:
    """What a step learns from."""
    clean, sigmas, counts = batch_of(pyramid, shares, schedule, step)
    return clean, clean + noise_of(clean, schedule, step) * sigmas, sigmas, counts


def _errors(network: FFDNet, batch: Batch) -> tuple[float, Tensor]:
    """The mean square error in units of sigma^2; the loss, the same with each picture and sigma given its weight."""
    clean, noisy, sigmas, counts = batch
    errors = (network(noisy, sigmas.flatten()) - clean).square()
    loss = (counts * errors * (_LEVEL / sigmas) ** 1.2).mean() / _LEVEL**2
    return float((errors.detach() / sigmas.square()).mean()), loss


@torch.no_grad()
def _settle(network: FFDNet, batches: Iterable[Batch]) -> None:
    """Measures the batch norms' means and variances over all `batches` alike."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # the mean over all batches
    for _, noisy, sigmas, _ in batches:
        network(noisy, sigmas.flatten())


def _resume(state: Path | None, network: FFDNet, optimizer: torch.optim.Adam) -> int:
    """The number of steps that `state` holds, whose network and momenta are taken over."""
    if state is None or not state.exists():
        return 0
    saved = torch.load(state, weights_only=True)
    network.load_state_dict(saved["network"])
    optimizer.load_state_dict(saved["optimizer"])
    return int(saved["step"])


def main(folder: str, file: str = str(SLIM_FILE), state: str | None = None) -> None:
    """Learns the network on the pictures in `folder` and writes it."""
    from restoration.images import image_paths, load_image

    losses: list[float] = []

    def progress(step: int, loss: float) -> None:
        losses.append(loss)
        if (step + 1) % 100 == 0:
            print(f"step {step + 1}: loss {sum(losses) / len(losses):.4f}", flush=True)  # noqa: T201 - a command
            losses.clear()

    images = [load_image(path, channels=1).pixels for path in image_paths(folder)]
    save_ffdnet(learn_slim(images, state=Path(state) if state else None, progress=progress), file)


if __name__ == "__main__":
    main(*sys.argv[1:])
