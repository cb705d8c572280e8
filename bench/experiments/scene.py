"""What an experiment gets to work with: its scene and its options.

A named experiment is a small study whose readings are rows like any others. It is a module of this folder with a
function `run(options, scene) -> iterator of (Case, Reading)` and with `SECONDS`, about how long that takes; one
that uses the scene's images says in which `CHANNELS`. Its cases have kind `experiment` and its own name as their
method; a curve is readings of the same part numbered by `repeat`, its abscissa a quantity of its own. A part that
cannot be measured is a reading that says why (see `not_measured`); the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.plan.case import Reading
from bench.record.attempt import SKIPPED
from restoration.errors import PackageMissingError, RestorationError, WeightsMissingError

if TYPE_CHECKING:
    import torch

    from restoration.images import Picture


@dataclass(frozen=True)
class Scene:
    """What an experiment may use: images, a seed, threads, and a place for its pictures."""

    gray: tuple[Picture, ...]
    color: tuple[Picture, ...]
    seed: int
    threads: int
    device: str
    save_picture: Callable[[str, torch.Tensor], str]
    """(name without suffix, image (C, H, W) in [0, 1]) -> the path to put in a reading's `note`."""
    progress: Callable[[float], None] = field(default=lambda _: None)
    """Told the fraction done, 0 to 1."""


FAILURE = "failure"
"""The quantity of a reading that says, in its note, why there is none."""


def not_measured(error: RestorationError, *, about: str = "", part: str = "") -> Reading:
    """The reading that says why a part has none: it failed, or is skipped as weights or a package are not here."""
    absent = isinstance(error, WeightsMissingError | PackageMissingError)
    return Reading(SKIPPED if absent else FAILURE, None, part=part, note=f"{about}{error}")


def middle(image: torch.Tensor, side: int) -> torch.Tensor:
    """The central `side` rows and columns of an image (..., H, W), or as many as it has."""
    top, left = (max(size - side, 0) // 2 for size in image.shape[-2:])
    return image[..., top : top + side, left : left + side]
