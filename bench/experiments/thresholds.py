"""Hard, soft and smooth hard thresholds, and soft thresholding as a maximum a posteriori estimate.

Parts `hard`, `soft` and `temperature 0.05` ... : the threshold's output against its input, T = 1. Part `soft threshold`
against `brute force`: the minimiser of (x - y)^2 / 2 sigma^2 + |y| over y, found on a grid and refined, is the soft
threshold with T = sigma^2: Gaussian noise, Laplacian prior of unit scale.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from bench.experiments.scene import Scene
from bench.plan.case import Case, Reading
from bench.plan.experiments import chosen
from restoration.errors import RangeError
from restoration.method import Option
from restoration.thresholding import hard_threshold, smooth_hard_threshold, soft_threshold

SECONDS = 4
"""About how long it takes."""

DEFAULTS: Mapping[str, Option] = {"points": 161, "sigma": 1.25}
"""`points` of each curve; `sigma` of the noise of the estimate."""

TEMPERATURES = (0.05, 0.2, 0.5, 1.0, 3.0, 100.0)


def run(options: Mapping[str, Option], scene: Scene) -> Iterator[tuple[Case, Reading]]:
    """The family of thresholds as curves, then the estimate found both ways and their largest difference."""
    option = chosen("thresholds", options, DEFAULTS)
    points, sigma = int(option["points"]), float(option["sigma"])
    if points < 2 or not sigma > 0:  # noqa: PLR2004 - a curve's two ends
        got = f"points {points}, sigma {sigma:g}"
        raise RangeError(f"thresholds: points must be 2 or more and sigma positive, got {got}")
    case = Case("experiment", "thresholds", threads=scene.threads, seed=scene.seed)
    family = torch.linspace(-4, 4, points, dtype=torch.float64)
    curves = {"hard": hard_threshold(family, 1.0), "soft": soft_threshold(family, 1.0)}
    curves |= {f"temperature {t:g}": smooth_hard_threshold(family, 1.0, t) for t in TEMPERATURES}
    for part, values in curves.items():
        for reading in _curve(part, family, values, "output"):
            yield case, reading
    scene.progress(0.5)
    x = torch.linspace(-5, 5, points, dtype=torch.float64)
    closed, found = soft_threshold(x, sigma**2), posterior_maximum(x, sigma)
    for part, values in (("soft threshold", closed), ("brute force", found)):
        for reading in _curve(part, x, values, "estimate"):
            yield case, reading
    note = f"soft threshold at sigma^2 = {sigma**2:g} against the minimiser found on a grid"
    yield case, Reading("largest_difference", (closed - found).abs().max().item(), part="posterior", note=note)
    scene.progress(1.0)


def posterior_maximum(x: Tensor, sigma: float, *, refinements: int = 6) -> Tensor:
    """For each x, the y that minimises (x - y)^2 / (2 sigma^2) + |y|, by search on finer and finer grids.

    Nothing is assumed but that y lies within |x| of 0.
    """
    centers, reach = torch.zeros_like(x), x.abs().max()
    offsets = torch.linspace(-1, 1, 201, dtype=x.dtype)
    for _ in range(refinements):
        candidates = centers[:, None] + reach * offsets
        cost = (x[:, None] - candidates).square() / (2 * sigma**2) + candidates.abs()
        centers = candidates.gather(1, cost.argmin(1, keepdim=True))[:, 0]
        reach = reach / 50
    return centers


def _curve(part: str, x: Tensor, values: Tensor, quantity: str) -> Iterator[Reading]:
    for place, (along, up) in enumerate(zip(x.tolist(), values.tolist(), strict=True)):
        yield Reading("x", along, part=part, repeat=place)
        yield Reading(quantity, up, part=part, repeat=place)
