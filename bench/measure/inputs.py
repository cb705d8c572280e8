"""What a method is shown: a degraded image."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.plan.case import Case

if TYPE_CHECKING:
    import torch


def degraded(case: Case, clean: torch.Tensor) -> torch.Tensor:
    """`clean` (C, H, W) degraded as the case says, on its device and in its dtype."""
    from restoration.degradation import degrade

    image = degrade(clean, case.degradation, sigma=case.sigma_255 / 255, scale=case.scale, seed=case.seed)
    return image.to(device=case.device, dtype=case.setup().torch_dtype)


def batch_for(case: Case) -> torch.Tensor:
    """A degraded batch (N, C, h, w) for a case that has a size and no image: a bundled image, mirrored to fill it.

    The images of a batch differ in the seed of their noise, where they have noise.
    """
    import torch

    from restoration.images import bundled_image

    image = bundled_image("astronaut", channels=case.channels).pixels
    for axis, size in ((1, case.height), (2, case.width)):
        repeats = -(-size // image.shape[axis])
        mirrored = [image if i % 2 == 0 else image.flip(axis) for i in range(repeats)]
        image = torch.cat(mirrored, dim=axis).narrow(axis, 0, size)
    kind = "awgn" if case.task == "denoise" else "bicubic"
    cases = (replace(case, degradation=kind, seed=case.seed + number) for number in range(case.batch))
    return torch.stack([degraded(one, image) for one in cases])
