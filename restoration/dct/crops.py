"""Learns numbers for every sigma at once: by Adam, on crops of clean images with fresh noise of many strengths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from restoration.dct.learn import Descent, Progress, check_end, check_loss, crop_of, image_shares
from restoration.errors import ShapeError

_LEVEL = 25 / 255
"""The noise at which it is found out how much each image counts."""


@dataclass(frozen=True)
class ManyLevels(Descent):
    """A descent on crops each of which has noise of its own strength."""

    weakest: float = 5 / 255
    strongest: float = 55 / 255
    """The noise's deviation, drawn evenly between these."""
    sizes: tuple[float, ...] = (1.0, 0.7, 0.5)
    """Each image is learnt on at each of these sizes."""
    saved_every: int = 50
    """Steps between two writings of the state, where one is asked for."""


def descend(
    free: Sequence[Tensor],
    images: Sequence[Tensor],
    schedule: ManyLevels,
    *,
    errors: Callable[[Tensor, Tensor, int], Tensor],
    loss: Callable[[Tensor, Tensor, Tensor], Tensor],
    state: Path | None = None,
    progress: Progress | None = None,
) -> None:
    """Moves `free` downhill on the `loss` of what is wrong with restored crops of clean `images` (1, H, W).

    `errors` takes clean crops (N, 1, S, S), the noise's deviation (N, 1, 1, 1) and the step; `loss` takes these errors,
    the deviation, and how much each crop counts (N, 1, 1, 1). Each step's crops and noise depend on its number and the
    seed alone, so a descent taken up from `state` ends where an unbroken one does. Raises DivergedError with the loss
    where learning runs away, ShapeError for an image smaller than a crop.
    """
    optimizer = torch.optim.Adam(free, lr=schedule.rate)
    start = _resume(state, free, optimizer)
    shares = image_shares(images, _LEVEL)
    pyramid = [sizes_of(image, schedule) for image in images]
    costs: list[float] = []
    for step in range(start, schedule.steps):
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate_at(step)
        clean, sigmas, counts = batch_of(pyramid, shares, schedule, step)
        wrong = errors(clean, sigmas, step)
        costs.append((wrong.detach() / sigmas).square().mean().item())
        check_loss(costs[-1], step)
        lost = loss(wrong, sigmas, counts)
        optimizer.zero_grad()
        lost.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimizer.step()
        if progress:
            progress(step, lost.item())
        if state and (step + 1) % schedule.saved_every == 0:
            found = [one.detach() for one in free]
            torch.save({"step": step + 1, "free": found, "optimizer": optimizer.state_dict()}, state)
    check_end(costs or [0.0])  # none where the state was at its end


def _resume(state: Path | None, free: Sequence[Tensor], optimizer: torch.optim.Adam) -> int:
    """The number of steps that `state` holds, whose numbers and momenta are taken over."""
    if state is None or not state.exists():
        return 0
    saved = torch.load(state, weights_only=True)
    with torch.no_grad():
        for one, found in zip(free, saved["free"], strict=True):
            one.copy_(found)
    optimizer.load_state_dict(saved["optimizer"])
    return int(saved["step"])


def printed(every: int = 100) -> Progress:
    """Prints the mean loss of every so many steps."""
    losses: list[float] = []

    def progress(step: int, loss: float) -> None:
        losses.append(loss)
        if (step + 1) % every == 0:
            print(f"step {step + 1}: loss {sum(losses) / len(losses):.4f}", flush=True)  # noqa: T201 - for a command
            losses.clear()

    return progress


def sizes_of(image: Tensor, schedule: ManyLevels) -> list[Tensor]:
    """`image` (1, H, W) at every size that still holds a crop; raises ShapeError where it is smaller than one."""
    if min(image.shape[-2:]) < schedule.crop_size:
        raise ShapeError(
            f"learning takes crops of {schedule.crop_size} x {schedule.crop_size}, got an image of {tuple(image.shape)}"
        )
    smaller = [
        image if size == 1 else interpolate(image[None], scale_factor=size, mode="bicubic", antialias=True)[0]
        for size in schedule.sizes
    ]
    return [one for one in smaller if min(one.shape[-2:]) >= schedule.crop_size]


def batch_of(
    pyramid: list[list[Tensor]], shares: Tensor, schedule: ManyLevels, step: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Clean crops (N, 1, S, S), the noise's deviation and how much each counts (N, 1, 1, 1)."""
    draw = np.random.default_rng((schedule.seed, step))
    chosen = draw.integers(len(pyramid), size=schedule.crops).tolist()
    sources = [pyramid[which][draw.integers(len(pyramid[which]))] for which in chosen]
    clean = torch.stack([crop_of(source, schedule.crop_size, draw) for source in sources])
    sigmas = torch.from_numpy(draw.uniform(schedule.weakest, schedule.strongest, size=(schedule.crops, 1, 1, 1)))
    return clean, sigmas.float(), shares[chosen].reshape(-1, 1, 1, 1)


def noise_of(clean: Tensor, schedule: ManyLevels, step: int) -> Tensor:
    """Noise of deviation 1 for a step's crops."""
    return torch.randn(clean.shape, generator=torch.Generator().manual_seed(schedule.seed * 1_000_003 + step))
