"""What an experiment gets to work with: its scene and its options.

A named experiment is a small study whose readings are rows like any others. It is a module of this folder with a
function `run(options, scene) -> iterator of (Case, Reading)` and with `SECONDS`, about how long that takes; one
that uses the scene's images says in which `CHANNELS`. Its cases have kind `experiment` and its own name as their
method; a curve is readings of the same part numbered by `repeat`, its abscissa a quantity of its own. A part that
cannot be measured is a reading that says why (see `not_measured`); the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bench.plan.case import Case, Reading
from bench.record.attempt import SKIPPED
from restoration.errors import OptionError, PackageMissingError, RestorationError, WeightsMissingError
from restoration.method import Method

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


def network_case(case: Case, method: Method, sigma_255: float, *, changes: str) -> Case:
    """The case of a network at what it is made for: noise of `sigma_255`, or bicubic reduction by its scale.

    Raises OptionError for random weights, of whose result it means nothing what, say, `tiles change`.
    """
    if method.random_weights:
        raise OptionError(f"its weights are random, so what {changes} of its result means nothing")
    if method.task == "denoise":
        return replace(case, task="denoise", channels=method.channels[0], sigma_255=sigma_255, degradation="awgn")
    return replace(case, task="upscale", channels=method.channels[0], scale=method.scales[0], degradation="bicubic")


def degraded_middle(case: Case, picture: Picture, side: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The middle of a picture (C, H, W), and its degraded batch of at most `side` rows and columns."""
    from bench.measure.inputs import degraded
    from restoration.degradation import crop_to_multiple

    clean = crop_to_multiple(middle(picture.pixels, case.scale * side), case.scale)
    return clean, degraded(case, clean)[None]
