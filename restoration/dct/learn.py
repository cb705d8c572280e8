"""Learns one number per frequency: thresholds, costs of kept coefficients, and the noise a Wiener step assumes.

Gradient descent (Adam) on the mean square error of crops with fresh noise, through the denoiser itself with its hard
threshold replaced by `smooth_hard_threshold`, whose temperature falls towards 0. Everything is in units of sigma.

    python -m restoration.dct.learn [FILE]

writes the tables that come with this package, learnt on the bundled images named in `TRAINING`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from restoration.dct.basis import check_block_size
from restoration.dct.denoise import check_sigma
from restoration.dct.learnt import SHIPPED, Learnt, save_learnt
from restoration.dct.overlap import Shrink, average_blocks
from restoration.dct.separable import SEPARABLE
from restoration.dct.steps import Steps, block_weights, hard_step, wiener_step
from restoration.errors import DivergedError, RangeError, ShapeError
from restoration.thresholding import smooth_hard_threshold

TRAINING = ("astronaut", "coffee", "rocket", "coins", "camera", "moon")
"""The bundled images learnt on; the others stay unseen."""

Progress = Callable[[int, float], None]
"""Told each step's number and loss, a mean square error in units of sigma^2."""


@dataclass(frozen=True)
class Descent:
    """How long and how fast to learn from crops of images."""

    steps: int
    crops: int
    """Per step, each with fresh noise, mirrored and transposed at random."""
    crop_size: int
    stride: int
    """Between the blocks of a crop."""
    rate: float
    """Adam's first step size; falls to 0 along half a cosine."""
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises RangeError for no steps or a rate that does not descend."""
        if self.steps < 1 or not 0 < self.rate < math.inf:
            raise RangeError(
                f"learning takes 1 step or more and a positive rate, got steps {self.steps}, rate {self.rate:g}"
            )

    def rate_at(self, step: int) -> float:
        """Adam's step size."""
        return self.rate * (1 + math.cos(math.pi * step / self.steps)) / 2

    def between(self, first: float, last: float, step: int) -> float:
        """From `first` to `last` in geometric steps."""
        return first * math.pow(last / first, step / self.steps)


@dataclass(frozen=True)
class Schedule(Descent):
    """How thresholds are learnt."""

    steps: int = 400
    crops: int = 8
    crop_size: int = 64
    stride: int = 2
    """A quarter of all blocks, at a quarter of the price, teaches the same thresholds."""
    rate: float = 0.04
    hottest: float = 0.7
    coldest: float = 0.02
    """The temperature in units of sigma, falling geometrically."""

    def temperature_at(self, step: int) -> float:
        """In units of sigma."""
        return self.between(self.hottest, self.coldest, step)


def learn_thresholds(
    images: Sequence[Tensor],
    sigma: float,
    *,
    block_size: int = 8,
    schedule: Schedule | None = None,
    progress: Progress | None = None,
) -> Tensor:
    """Ratios T / sigma (B, B), DC's 0, that remove noise of `sigma` best from clean grey `images` (1, H, W).

    For uniform aggregation. Raises DivergedError with the loss where learning runs away, RangeError for a sigma or
    block size out of range, ShapeError for an image smaller than a crop.
    """
    ratios, schedule = _table(block_size, 2.7), schedule or Schedule()

    def denoise(noisy: Tensor, temperature: float) -> Tensor:
        return _average((noisy,), smooth_step(_shown(ratios), None, temperature), block_size, schedule.stride)

    _descend(denoise, [ratios], images=images, sigma=sigma, schedule=schedule, progress=progress)
    return _shown(ratios).detach()


def learn_steps(
    images: Sequence[Tensor],
    sigma: float,
    *,
    block_size: int = 8,
    schedule: Schedule | None = None,
    progress: Progress | None = None,
) -> Steps:
    """The numbers of both steps of `dct_wiener`, for noise of `sigma` on clean grey `images` (1, H, W).

    The thresholds and the costs of what they keep are learnt alone, then the Wiener step behind them, so that either
    the first step or both can be used. Raises as `learn_thresholds`.
    """
    ratios, kept = _table(block_size, 2.6), _table(block_size, 1.0)
    noise, gain = _table(block_size, 1.0), _table(block_size, 1.0)
    schedule = schedule or Schedule()

    def first(noisy: Tensor, temperature: float) -> Tensor:
        return _average((noisy,), smooth_step(_shown(ratios), _shown(kept), temperature), block_size, schedule.stride)

    def both(noisy: Tensor, _: float) -> Tensor:
        with torch.no_grad():
            guide = first(noisy, schedule.coldest)
        return _average((noisy, guide), wiener_step(_shown(noise), _shown(gain)), block_size, schedule.stride)

    descend = partial(_descend, images=images, sigma=sigma, progress=progress)
    descend(first, [ratios, kept], schedule=schedule)
    descend(both, [noise, gain], schedule=replace(schedule, steps=schedule.steps // 2))
    return Steps(*(_shown(table).detach() for table in (ratios, kept, noise, gain)))


def smooth_step(ratios: Tensor, costs: Tensor | None, temperature: float) -> Shrink:
    """The smooth counterpart of the hard step; a coefficient counts as kept by a share from 0 to 1."""
    limits = ratios.reshape(-1, 1, 1)

    def shrink(coefficients: Tensor) -> tuple[Tensor, Tensor | None]:
        values = smooth_hard_threshold(coefficients, limits, temperature)
        if costs is None:
            return values, None
        kept = torch.sigmoid(2 * (coefficients.abs() - limits) / temperature)
        return values, block_weights(kept, costs)

    return shrink


def _average(images: tuple[Tensor, ...], shrink: Shrink, block_size: int, stride: int) -> Tensor:
    return average_blocks(images, shrink, transform=SEPARABLE, block_size=block_size, stride=stride)


def _table(block_size: int, value: float) -> Tensor:
    """The logarithms of a table (B, B) to learn."""
    check_block_size(block_size)
    return torch.full((block_size, block_size), math.log(value), requires_grad=True)


def _shown(table: Tensor) -> Tensor:
    """The numbers of a table of logarithms: symmetric, for images are as often upright as lying; DC's entry 0."""
    mask = torch.ones_like(table)
    mask[0, 0] = 0
    return ((table + table.mT) / 2).exp() * mask


def _descend(
    denoise: Callable[[Tensor, float], Tensor],
    tables: list[Tensor],
    *,
    images: Sequence[Tensor],
    sigma: float,
    schedule: Schedule,
    progress: Progress | None,
) -> None:
    """Moves `tables` downhill on the mean square error of `denoise`."""
    check_sigma(sigma)
    optimizer = torch.optim.Adam(tables, lr=schedule.rate)
    margin = tables[0].shape[0]
    losses: list[float] = []
    for step, (clean, noisy, shares) in enumerate(_batches(images, sigma, schedule)):
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate_at(step)
        error = denoise(noisy, schedule.temperature_at(step)) - clean
        loss = (shares * error[..., margin:-margin, margin:-margin].square()).mean()
        check_loss(loss.item(), step)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimizer.step()
        losses.append(loss.item())
        if progress:
            progress(step, losses[-1])
    check_end(losses)


def check_loss(loss: float, step: int) -> None:
    """Doing nothing would cost 1 (the noise's variance); far above it, the descent has run away."""
    if not loss < 10:  # noqa: PLR2004 - ten times the noise; also true of nan
        raise DivergedError(f"learning diverged at step {step}: loss {loss:.4g} sigma^2; take a smaller rate")


def check_end(losses: Sequence[float]) -> None:
    """Raises DivergedError where the last tenth of a descent's losses is hardly better than leaving all noise."""
    tail = losses[-max(1, len(losses) // 10) :]
    if not sum(tail) < 0.95 * len(tail):
        raise DivergedError(
            f"learning diverged: it ended at a loss of {sum(tail) / len(tail):.4g} sigma^2, and doing nothing costs 1; "
            "take a smaller rate or more steps"
        )


def _batches(images: Sequence[Tensor], sigma: float, schedule: Schedule) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Clean and noisy crops (crops, 1, S, S) in units of sigma, and how much each counts (crops, 1, 1, 1)."""
    size = schedule.crop_size
    for image in images:
        if min(image.shape[-2:]) < size:
            raise ShapeError(f"learning takes crops of {size} x {size}, got an image of {tuple(image.shape)}")
    shares = image_shares(images, sigma)
    draw = np.random.default_rng(schedule.seed)
    generator = torch.Generator().manual_seed(schedule.seed)
    for _ in range(schedule.steps):
        chosen = draw.integers(len(images), size=schedule.crops).tolist()
        clean = torch.stack([crop_of(images[which], size, draw) for which in chosen]) / sigma
        noisy = clean + torch.randn(clean.shape, generator=generator)
        yield clean, noisy, shares[chosen].reshape(-1, 1, 1, 1)


def image_shares(images: Sequence[Tensor], sigma: float) -> Tensor:
    """How much an error counts in each image, 1 on average: as the inverse of what plain thresholds leave there.

    Scores are means of PSNR, whose slope is 1 / error; a mean square error would leave all to the roughest images.
    """
    errors = []
    for image in images:
        clean = image[None, :, :256, :256] / sigma
        noisy = clean + torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
        restored = _average((noisy,), hard_step(2.7 * torch.ones(8, 8), torch.zeros(8, 8)), 8, 2)
        errors.append(float((restored - clean).square().mean()))
    shares = torch.tensor(errors).reciprocal()
    return shares / shares.mean()


def crop_of(image: Tensor, size: int, draw: np.random.Generator) -> Tensor:
    """A square of `image` (1, H, W), mirrored and transposed at random."""
    top, left = (draw.integers(length - size + 1) for length in image.shape[-2:])
    crop = image[:, top : top + size, left : left + size]
    axes = [axis for axis in (1, 2) if draw.integers(2)]
    return (crop.mT if draw.integers(2) else crop).flip(axes)


def main(file: str) -> None:
    """Learns and writes the tables for blocks of 8 and 16 at sigma 15, 25 and 50."""
    from restoration.images import bundled_image

    images = [bundled_image(name, channels=1).pixels for name in TRAINING]
    found = []
    for block_size, schedule in ((8, Schedule()), (16, Schedule(stride=4))):
        for sigma_255 in (15, 25, 50):
            thresholds = learn_thresholds(images, sigma_255 / 255, block_size=block_size, schedule=schedule)
            steps = learn_steps(images, sigma_255 / 255, block_size=block_size, schedule=schedule)
            found.append(Learnt(float(sigma_255), thresholds, steps, TRAINING))
            print(f"{block_size} x {block_size}, sigma {sigma_255}: learnt", flush=True)  # noqa: T201 - a command
            save_learnt(file, found)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else str(SHIPPED))
