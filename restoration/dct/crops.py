"""Crops of clean images with fresh noise of many strengths, for what is learnt for every sigma at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from restoration.dct.learn import Descent, crop_of
from restoration.errors import ShapeError


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
