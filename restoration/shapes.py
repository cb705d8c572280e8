"""What networks ask of the shape of their input."""

from __future__ import annotations

from torch import Tensor

from restoration.errors import ShapeError


def expect_maps(maps: Tensor, channels: int, who: str) -> None:
    """Raises ShapeError, in the name of `who`, where the maps are not (N, channels, H, W)."""
    if maps.ndim != 4 or maps.shape[1] != channels:  # noqa: PLR2004  # (N, C, H, W)
        raise ShapeError(f"{who}: got shape {tuple(maps.shape)}, expected (N, {channels}, H, W)")
