"""Overlapping blocks: cut, transform, shrink, transform back, add up, divide by what each pixel truly got.

The engines differ in their `Transform`, the denoisers in their `Shrink`; everything else about blocks is here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import conv_transpose2d

from restoration.dct.basis import check_block_size
from restoration.errors import RangeError, ShapeError

BAND = 2**26
"""Coefficients held at once (256 MiB in float32); a larger image is worked on in horizontal bands."""

Shrink = Callable[..., tuple[Tensor, Tensor | None]]
"""Coefficients (M, B*B, h, w), one tensor per image -> shrunk ones, and the blocks' weights (M, 1, h, w) or None
where all blocks weigh the same."""


@dataclass(frozen=True)
class Transform:
    """How blocks become coefficients and back; both take (tensor, block size, stride)."""

    forward: Callable[[Tensor, int, int], Tensor]
    """(M, 1, H, W) -> (M, B*B, h, w): every block on the grid."""
    inverse: Callable[[Tensor, int, int], Tensor]
    """(M, B*B, h, w) -> (M, 1, H, W): the blocks, overlapped and added."""


def average_blocks(
    images: tuple[Tensor, ...],
    shrink: Shrink,
    *,
    transform: Transform,
    block_size: int,
    stride: int = 1,
    blocks: Tensor | None = None,
) -> Tensor:
    """The weighted mean, at each pixel, of all shrunk blocks that cover it. (N, C, H, W), as each of `images`.

    Blocks start at every multiple of `stride` and, so that all pixels are covered, at the last row and column; or
    where `blocks` (H-B+1, W-B+1) says. Channels are independent. Raises ShapeError for an image smaller than a block,
    RangeError for a stride outside 1..B or a mask that leaves pixels uncovered.
    """
    shape = images[0].shape
    check_grid(shape, block_size, stride, blocks)
    step = stride if blocks is None else 1
    planes = tuple(image.reshape(-1, 1, *shape[-2:]) for image in images)
    total = torch.zeros_like(planes[0])
    weight = torch.zeros_like(planes[0]) if blocks is not None else None
    for rows, columns in _spans(planes[0].shape, block_size, step):
        coefficients = (transform.forward(plane[..., rows, columns], block_size, step) for plane in planes)
        kept, weights = shrink(*coefficients)
        if blocks is not None:
            mask = blocks[rows.start : rows.stop - block_size + 1, columns.start : columns.stop - block_size + 1]
            weights = mask.to(kept) if weights is None else mask * weights
        if weights is not None:
            kept = kept * weights
            weight = torch.zeros_like(total) if weight is None else weight
            weight[..., rows, columns] += _spread(weights, block_size, step)
        total[..., rows, columns] += transform.inverse(kept, block_size, step)
    if weight is None:
        weight = coverage(shape, block_size, step).to(total)
    elif blocks is not None and bool((weight == 0).any()):
        raise RangeError(f"blocks must cover every pixel, got a mask that leaves {int((weight == 0).sum())} uncovered")
    return (total / weight).reshape(shape)


def coverage(shape: tuple[int, ...], block_size: int, stride: int) -> Tensor:
    """How many blocks of the grid cover each pixel of an image (..., H, W). (H, W)."""
    height, width = (torch.zeros(length) for length in shape[-2:])
    for counts in (height, width):
        for start in starts(len(counts), block_size, stride):
            counts[start : start + block_size] += 1
    return height[:, None] * width


def check_grid(shape: tuple[int, ...], block_size: int, stride: int, blocks: Tensor | None) -> None:
    """Raises ShapeError or RangeError where an image (N, C, H, W) cannot be cut into such blocks."""
    check_block_size(block_size)
    if len(shape) != 4:  # noqa: PLR2004 - the four axes named in the message
        raise ShapeError(f"expected images (N, C, H, W), got the shape {tuple(shape)}")
    height, width = shape[-2:]
    if min(height, width) < block_size:
        raise ShapeError(f"an image of {height} x {width} is smaller than a block of {block_size} x {block_size}")
    if not 1 <= stride <= block_size:
        raise RangeError(f"stride must be in 1..{block_size} for blocks of {block_size}, got {stride}")
    starts = (height - block_size + 1, width - block_size + 1)
    if blocks is not None and tuple(blocks.shape) != starts:
        raise ShapeError(f"blocks must have a place for each start, {starts}, got {tuple(blocks.shape)}")


def starts(length: int, block_size: int, stride: int) -> list[int]:
    """Block starts along an axis: the multiples of `stride`, and the last one that fits."""
    last = length - block_size
    return [*range(0, last, stride), last]


def _spans(shape: tuple[int, ...], block_size: int, stride: int) -> Iterator[tuple[slice, slice]]:
    """Rectangles that hold each block of the grid once: the whole image where the stride fits and memory allows."""
    planes, _, height, width = shape
    per_row = planes * block_size**2 * ((width - block_size) // stride + 1)
    most = max(1, BAND // per_row)
    for rows in _runs(height, block_size, stride, most):
        for columns in _runs(width, block_size, stride, width):
            yield rows, columns


def _runs(length: int, block_size: int, stride: int, most: int) -> Iterator[slice]:
    """Evenly spaced runs of at most `most` block starts, each as the pixels it covers."""
    last = length - block_size
    regular = last // stride + 1
    for first in range(0, regular, most):
        final = min(first + most, regular) - 1
        yield slice(first * stride, final * stride + block_size)
    if last % stride:
        yield slice(last, length)


def _spread(weights: Tensor, block_size: int, stride: int) -> Tensor:
    """Each block's weight (..., h, w), added to all pixels of its block."""
    height, width = weights.shape[-2:]
    ones = weights.new_ones(1, 1, block_size, 1)
    across = conv_transpose2d(weights.reshape(-1, 1, height, width), ones.mT, stride=(1, stride))
    return conv_transpose2d(across, ones, stride=(stride, 1))
