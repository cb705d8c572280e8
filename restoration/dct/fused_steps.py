"""The two steps of the stronger DCT denoisers for CPUs, each in one pass over the image, as `restoration.dct.fused`.

Same output as `restoration.dct.wiener.two_steps`. The second step transforms the noisy image and its guide together.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor

from restoration.compiled.butterflies import gains
from restoration.compiled.strips import Floats, Tile, guided_strip, weighted_strip
from restoration.dct.fused import Grid, Step, limits_of, planes_of, sums_of, table_of
from restoration.dct.steps import Steps

_GREATEST: Final = float(np.finfo(np.float32).max)


def two_steps(
    images: Tensor, *, sigma: float, steps: Steps, passes: int, stride: int = 1, threads: int | None = None
) -> Tensor:
    """Images (N, C, H, W) through the first or both of the `steps`, computed in float32, without gradients.

    `threads` is torch's number of them where it is left out; the result does not depend on it.
    """
    size = steps.thresholds.shape[0]
    planes = planes_of(images, size, stride, None, *steps.tables())
    noisy = mirrored(planes, size)
    grid = Grid.of(*noisy.shape[1:], size, stride)
    workers = threads or torch.get_num_threads()
    out = _mean(sums_of(noisy, hard_step(steps, sigma), grid, workers), size)
    if passes > 1:
        out = mirrored(out, size)
        out = _mean(sums_of(noisy, guided_step(steps, sigma), grid, workers, guide=out), size)
    return torch.from_numpy(out).reshape(images.shape).to(images)


def mirrored(planes: Floats, size: int) -> Floats:
    """Planes (M, H, W) with half a block more on each side, mirrored with the edge repeated."""
    around = (size // 2, size - size // 2)
    return np.pad(planes, ((0, 0), around, around), "symmetric")


def hard_step(steps: Steps, sigma: float) -> Step:
    """Hard thresholds, blocks weighed by the costs of what they keep."""
    size = steps.thresholds.shape[0]
    costs = table_of(steps.kept_costs.double().numpy())
    return Step(weighted_strip(size, "hard"), Tile.of(size), limits_of(steps.thresholds * sigma), costs)


def guided_step(steps: Steps, sigma: float) -> Step:
    """Gains from a guide's coefficients, blocks weighed by squared gains; a frequency without noise is kept."""
    size = steps.noise.shape[0]
    return Step(guided_strip(size), Tile.of(size, 2), _gains(steps, sigma), table_of(steps.gain_costs.double().numpy()))


def _gains(steps: Steps, sigma: float) -> Floats:
    """Slopes and floors of the gains of unscaled coefficients: g^2 / (g^2 + n^2) is 1 - 1 / (1 + g^2 / n^2)."""
    noise = steps.noise.double().numpy() * sigma
    gain = np.array(gains(len(noise)))
    scale = np.outer(gain, gain)
    kept = noise <= 0
    slopes = np.where(kept, 0, np.minimum((scale / np.where(kept, 1, noise)) ** 2, _GREATEST))
    return np.concatenate([table_of(slopes), table_of(np.where(kept, np.inf, 1))])


def _mean(sums: list[Floats], size: int) -> Floats:
    """Weighted blocks over weights, without what was mirrored."""
    first = size // 2
    total, weights = (part[:, first : first - size, first : first - size] for part in sums)
    return np.divide(total, weights, out=np.empty(total.shape, np.float32))
