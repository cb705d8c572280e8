"""What a method returned: is it a restored image? And did the method leave the image alone that it was shown?"""

from __future__ import annotations

import torch

from bench.errors import BenchError
from bench.plan.case import Reading

INPUT_WRITTEN = "input_written"
"""The quantity of a reading that stands where a method wrote into the image it was shown."""

_MARGIN = 1.0
"""How far restored values may lie beyond those of the degraded image and of [0, 1]."""


class OutputError(BenchError):
    """What a method returned is no restored image of what it was shown."""


def checked(name: str, restored: object, degraded: torch.Tensor, *, scale: int) -> torch.Tensor:
    """`restored` where it is a batch of the right shape, dtype and device without NaN; else raises `OutputError`."""
    if not isinstance(restored, torch.Tensor):
        found = type(restored).__name__ + (f" of {len(restored)}" if isinstance(restored, tuple | list) else "")
        raise OutputError(
            f"{name}: returned a {found}, expected one tensor (N, C, H, W); wrap it so that it returns the image"
        )
    *count, height, width = degraded.shape
    if (found_shape := tuple(restored.shape)) != (expected := (*count, scale * height, scale * width)):
        raise OutputError(f"{name}: returned a tensor of shape {found_shape}, expected {expected}")
    if restored.dtype != degraded.dtype:
        raise OutputError(f"{name}: returned {restored.dtype} for an image in {degraded.dtype}; convert it back")
    if restored.device != degraded.device:
        raise OutputError(
            f"{name}: what it returned lies on {restored.device}, the image on {degraded.device}; move it with .to()"
        )
    if wrong := int((~restored.isfinite()).sum()):
        raise OutputError(f"{name}: {wrong:,} of {restored.numel():,} restored values are NaN or infinite")
    return restored


def in_range(name: str, restored: torch.Tensor, degraded: torch.Tensor) -> torch.Tensor:
    """`restored` where its values lie about where those of an image in [0, 1] do; else raises `OutputError`."""
    low, high = min(0.0, degraded.min().item()) - _MARGIN, max(1.0, degraded.max().item()) + _MARGIN
    least, most = restored.min().item(), restored.max().item()
    if least < low or most > high:
        raise OutputError(
            f"{name}: restored values from {least:.4g} to {most:.4g}, expected some in [0, 1]; is it scaled to 255?"
        )
    return restored


def changed(shown: torch.Tensor, batch: torch.Tensor) -> bool:
    """Whether `shown`, which was a copy of `batch`, is one no longer."""
    return shown.shape != batch.shape or not torch.equal(shown, batch)


def input_written() -> Reading:
    """The reading that says so."""
    return Reading(INPUT_WRITTEN, 1.0, note="the method wrote into the image it was shown; each call got a copy")
