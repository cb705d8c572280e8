"""What a method is shown: a degraded image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.errors import RaisedError, SpecError, one_line
from bench.plan.case import GIVEN, Case, Reading
from bench.plan.damage import in_tables, usual
from restoration.errors import RestorationError

if TYPE_CHECKING:
    import torch


_TRIED = 96
"""Pixels along an axis of the image that degradations are tried on."""


def degraded(case: Case, clean: torch.Tensor) -> torch.Tensor:
    """`clean` (C, H, W) degraded as the case says, on its device and in its dtype.

    Raises `RaisedError` that names the degradation for whatever one of a user's raises; this project's errors pass.
    """
    try:
        return _degraded(case, clean)
    except RestorationError:
        raise
    except (Exception, SystemExit) as error:  # a user's degradation may fail in any way, and is not the method
        said = f"degradation {case.degradation}: {one_line(error)}"
        raise RaisedError(said, said) from error


def _degraded(case: Case, clean: torch.Tensor) -> torch.Tensor:
    from restoration.degradations import degrade

    image = degrade(clean, case.degradation, sigma=case.sigma_255 / 255, scale=case.scale, seed=case.seed)
    return image.to(device=case.device, dtype=case.setup().torch_dtype)


def told(case: Case) -> Iterator[Reading]:
    """What a denoiser was told, and who said so, where the case's sigma is not the noise that was added."""
    from restoration.degradations import get

    if case.task != "denoise" or case.degradation == GIVEN or (found := get(case.degradation)).adds_sigma:
        return
    own = found.told_sigma()
    equivalent = own is not None and in_tables(own) == case.sigma_255
    who = f"what {found.name} says of itself" if equivalent else "as the spec names it"
    yield Reading("told_sigma_255", case.sigma_255, "1/255", note=who)


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
    cases = (replace(case, degradation=usual(case.task), seed=case.seed + number) for number in range(case.batch))
    return torch.stack([_degraded(one, image) for one in cases])  # `room_for` knows want of memory by what is raised


def try_degradations(cases: Iterable[Case]) -> None:
    """Tries every degradation of the quality cases on a small image; raises `SpecError` for one that is none.

    One that fails, returns anything but an image of the size it has to have, or gives two images for one seed.
    """
    import torch

    tried: set[tuple[object, ...]] = set()
    for case in cases:
        key = (case.degradation, case.channels, case.scale, case.sigma_255)
        if case.kind != "quality" or case.degradation == GIVEN or key in tried:
            continue
        tried.add(key)
        values = torch.arange(case.channels * _TRIED**2, dtype=torch.float32) % 251 / 250
        image = values.reshape(case.channels, _TRIED, _TRIED)
        try:
            one, other = (degraded(replace(case, device="cpu"), image) for _ in range(2))
        except (RaisedError, RestorationError) as error:
            said = str(error)
            named = said if said.startswith("degradation ") else f"degradation {case.degradation}: {one_line(error)}"
            raise SpecError(named) from error
        if not torch.equal(one, other):
            raise SpecError(
                f"degradation {case.degradation}: two images for one seed; draw all chance from its parameter seed"
            )
