"""Large images through a network in tiles: the same result as the whole image, in memory bounded by the tile.

A tile is read with as much around it as an output pixel can see, so that nothing of its own part knows that the image
was cut. Nothing is blended, because nothing differs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import psutil
import torch
from torch import Tensor

from restoration.errors import RangeError
from restoration.method import Restore

_SHARE = 0.5
"""Of the memory that is free: what the network may take; the rest is for the images and everybody else."""

_SMALLEST = 64
"""Side of the smallest tile that is chosen automatically: below it, the overlap is nearly all of the work."""


@dataclass(frozen=True)
class Geometry:
    """What cutting an image for a network needs to know of it; lengths in pixels of the degraded image."""

    overlap: int
    """How far beyond its tile an output pixel sees (the receptive field's radius)."""
    multiple: int = 1
    """Tiles begin at multiples of this: 2 for a network that works on 2 x 2 cells."""
    scale: int = 1
    bytes_per_pixel: float = 0.0
    """Memory at the network's peak, per pixel of the degraded image."""


def tiled(restore: Restore, image: Tensor, geometry: Geometry, *, tile: int) -> Tensor:
    """`restore(image)` computed tile by tile: (N, C, H, W) -> (N, C, scale H, scale W).

    `tile` is the side of the part each step contributes; it and the overlap are rounded up to the geometry's multiple.
    Raises RangeError unless tile > 0 and overlap >= 0.
    """
    overlap, scale = geometry.overlap, geometry.scale
    if tile <= 0 or overlap < 0:
        raise RangeError(f"tiles: tile must be positive and overlap not negative, got tile={tile}, overlap={overlap}")
    step, margin = _rounded_up(tile, geometry.multiple), _rounded_up(overlap, geometry.multiple)
    height, width = image.shape[-2:]
    restored = image.new_empty((*image.shape[:-2], scale * height, scale * width))
    for top, left in product(range(0, height, step), range(0, width, step)):
        rows, columns = _Span(top, step, margin, height), _Span(left, step, margin, width)
        part = restore(image[..., rows.seen, columns.seen])
        restored[..., rows.own(scale), columns.own(scale)] = part[..., rows.within(scale), columns.within(scale)]
    return restored


def within_memory(restore: Restore, geometry: Geometry, *, tile: int = 0) -> Restore:
    """`restore` that cuts images into tiles of side `tile`; 0 cuts only what would not fit into free memory."""
    if tile < 0:
        raise RangeError(f"tiles: tile must be a side in pixels, or 0 for automatic, got {tile}")

    def bounded(image: Tensor) -> Tensor:
        side = tile or side_for(image, geometry)
        return restore(image) if side >= max(image.shape[-2:]) else tiled(restore, image, geometry, tile=side)

    return bounded


def side_for(image: Tensor, geometry: Geometry) -> int:
    """The largest tile's side that free memory allows for this batch: the image's own where the whole of it fits."""
    height, width = image.shape[-2:]
    per_pixel = geometry.bytes_per_pixel * image[..., 0, 0].numel() / image.shape[1]  # of all images in the batch
    pixels = _free_bytes(image.device) * _SHARE / max(per_pixel, 1.0)
    if height * width <= pixels:
        return max(height, width)
    return max(_SMALLEST, int(math.sqrt(pixels)) - 2 * geometry.overlap)


@dataclass(frozen=True)
class _Span:
    """A tile's extent along one axis."""

    start: int
    step: int
    margin: int
    length: int

    @property
    def seen(self) -> slice:
        """What is read, in the degraded image."""
        return slice(max(0, self.start - self.margin), min(self.length, self.start + self.step + self.margin))

    def own(self, scale: int) -> slice:
        """What is written, in the restored image."""
        return slice(scale * self.start, scale * min(self.length, self.start + self.step))

    def within(self, scale: int) -> slice:
        """The own part within the restored tile."""
        offset, own = scale * self.seen.start, self.own(scale)
        return slice(own.start - offset, own.stop - offset)


def _rounded_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def _free_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return psutil.virtual_memory().available
