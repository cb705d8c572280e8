"""Finds a hard threshold back by gradient descent through the smooth one.

Gaussian input of deviation 8, hard-thresholded at 2.4, is the target; the same input through `smooth_hard_threshold`
with a guessed threshold is compared with it, and the guess moved downhill on the mean square error while the
temperature is annealed. Only inputs between guess and truth tell them apart, so a batch of a few thousand hardly says
where the truth is: batches are drawn by quantile, so that every stretch is filled evenly, and the last tenth of the
steps is averaged. The smooth threshold rises after its T, the hard one at it: the coldest temperature decides how much
lower T is found, 0.7 of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from bench.experiments.scene import FAILURE, Scene
from bench.plan.case import Case, Reading
from bench.plan.experiments import chosen
from restoration.errors import DivergedError, RangeError
from restoration.method import Option
from restoration.thresholding import hard_threshold, smooth_hard_threshold

SECONDS = 6
"""About how long it takes."""

DEFAULTS: Mapping[str, Option] = {
    "threshold": 2.4,
    "deviation": 8.0,
    "seeds": 5,
    "steps": 200,
    "batch": 4096,
    "rate": 0.02,
}
"""`threshold` to find in input of `deviation`; how many `seeds`, `steps` of descent, and inputs in a `batch`; Adam's
first step size `rate`, in units of the deviation."""

STARTS = (0.5, 2.0, 4.0, 8.0)


@dataclass(frozen=True)
class Descent:
    """How the threshold is looked for."""

    steps: int = 200
    batch: int = 4096
    rate: float = 0.02
    """Adam's first step size, falling to 0; like the temperatures, in units of the input's deviation."""
    hottest: float = 0.125
    coldest: float = 0.00125
    """The temperature, falling geometrically from one to the other."""

    def temperature_at(self, step: int) -> float:
        """In units of the input's deviation."""
        return float(self.hottest * (self.coldest / self.hottest) ** (step / self.steps))


@dataclass(frozen=True)
class Step:
    """One step: what was believed, how wrong it was, how smooth the threshold was."""

    threshold: float
    loss: float
    temperature: float


def run(options: Mapping[str, Option], scene: Scene) -> Iterator[tuple[Case, Reading]]:
    """Threshold, loss and temperature against step from several starts, and what each seed ends with."""
    option = chosen("learn-threshold", options, DEFAULTS)
    truth, deviation, seeds = float(option["threshold"]), float(option["deviation"]), int(option["seeds"])
    descent = Descent(steps=int(option["steps"]), batch=int(option["batch"]), rate=float(option["rate"]))
    case = Case("experiment", "learn-threshold", threads=scene.threads)
    for done in range(seeds):
        seeded = replace(case, seed=scene.seed + done)
        start = STARTS[done % len(STARTS)]
        try:
            path = find_threshold(truth, deviation=deviation, start=start, seed=seeded.seed, descent=descent)
        except DivergedError as error:
            yield seeded, Reading(FAILURE, None, part=f"from {start:g}", note=str(error))
            continue
        if done < len(STARTS):
            yield from ((case, reading) for reading in _curves(f"from {start:g}", path))
        found = averaged(path)
        yield seeded, Reading("found_threshold", found, part=f"seed {seeded.seed} from {start:g}")
        yield seeded, Reading("error", found - truth, part=f"seed {seeded.seed} from {start:g}")
        scene.progress((done + 1) / seeds)


def find_threshold(
    truth: float, *, deviation: float = 8.0, start: float = 4.0, seed: int = 0, descent: Descent | None = None
) -> list[Step]:
    """Every step of the descent from `start`; see `averaged` for the threshold found.

    Raises RangeError for a number that is not positive, DivergedError with the loss where it runs away.
    """
    descent = descent or Descent()
    needed = {"threshold": truth, "deviation": deviation, "start": start}
    needed |= {"steps": descent.steps, "batch": descent.batch, "rate": descent.rate}
    for name, value in needed.items():
        if not value > 0:
            raise RangeError(f"{name} must be positive, got {value}")
    generator = torch.Generator().manual_seed(seed)
    guess = torch.tensor(start / deviation, requires_grad=True)
    optimizer = torch.optim.Adam([guess], lr=descent.rate, betas=(0.9, 0.99))
    path = []
    for number in range(descent.steps):
        optimizer.param_groups[0]["lr"] = descent.rate * (1 - number / descent.steps)
        x, temperature = gaussian(descent.batch, generator), descent.temperature_at(number)
        loss = (smooth_hard_threshold(x, guess, temperature) - hard_threshold(x, truth / deviation)).square().mean()
        step = Step(deviation * guess.item(), deviation**2 * loss.item(), deviation * temperature)
        if not (loss.item() < 1 and 0 < guess.item() < 10):  # noqa: PLR2004 - losing all input, or out of its range
            raise DivergedError(f"diverged at step {number}: loss {step.loss:.4g}, threshold {step.threshold:.4g}")
        path.append(step)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimizer.step()
    return path


def averaged(path: list[Step]) -> float:
    """The mean threshold of the last tenth of a descent."""
    tail = path[-max(1, len(path) // 10) :]
    return sum(step.threshold for step in tail) / len(tail)


def gaussian(count: int, generator: torch.Generator) -> Tensor:
    """`count` standard normal values, one in each of as many equally likely intervals (stratified sampling)."""
    shares = (torch.arange(count) + torch.rand(count, generator=generator)) / count
    values: Tensor = torch.special.ndtri(shares.clamp(1e-6, 1 - 1e-6))
    return values


def _curves(part: str, path: list[Step]) -> Iterator[Reading]:
    for number, step in enumerate(path):
        yield Reading("step", float(number), part=part, repeat=number)
        yield Reading("threshold", step.threshold, part=part, repeat=number)
        yield Reading("loss", step.loss, part=part, repeat=number)
        yield Reading("temperature", step.temperature, part=part, repeat=number)
