"""Which blocks to denoise when not all of them are: a random choice without clumps or gaps.

Blue noise leaves no grid to see in what remains of the noise, and spends blocks evenly. Darts are thrown at all block
starts in random order and stick where none stuck nearby (Cook, Stochastic Sampling in Computer Graphics, 1986,
10.1145/7529.8927); since every start is tried, none is left that could still be taken.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from restoration.compiled.kernels import compiled
from restoration.dct.basis import check_block_size
from restoration.errors import RangeError, ShapeError


def random_blocks(height: int, width: int, *, block_size: int, spacing: float, seed: int) -> Tensor:
    """A mask of block starts (H-B+1, W-B+1), no two closer than `spacing` pixels, that covers every pixel.

    Starts are thinned to about 0.7 / spacing^2 of all. The image's corners, and blocks that pixels near its edges would
    be left out without, are taken in any case. Spacings from 1 (all blocks) to the block size make sense; the same
    seed gives the same mask. Raises ShapeError for an image smaller than a block, RangeError for other spacings.
    """
    check_block_size(block_size)
    if min(height, width) < block_size:
        raise ShapeError(f"an image of {height} x {width} is smaller than a block of {block_size} x {block_size}")
    if not 1 <= spacing <= block_size:
        raise RangeError(f"spacing must be in 1..{block_size} for blocks of {block_size}, got {spacing}")
    chosen = np.zeros((height - block_size + 1, width - block_size + 1), np.bool_)
    chosen[np.ix_([0, -1], [0, -1])] = True
    order = np.random.default_rng(seed).permutation(chosen.size)
    _throw(chosen, order, math.ceil(spacing) - 1, spacing**2)
    _cover(chosen, block_size)
    return torch.from_numpy(chosen)


@compiled("void(b1[:,::1], i8[::1], i8, f8)")
def _throw(chosen, order, reach, least):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 - numba infers the types
    """Takes each start, in `order`, that has none nearer than the root of `least`, which is at most `reach` + 1."""
    height, width = chosen.shape
    for start in order:
        y, x = divmod(start, width)
        free = True
        for j in range(max(0, y - reach), min(height, y + reach + 1)):
            for i in range(max(0, x - reach), min(width, x + reach + 1)):
                if chosen[j, i] and (j - y) ** 2 + (i - x) ** 2 < least:
                    free = False
                    break
            if not free:
                break
        if free:
            chosen[y, x] = True


@compiled("void(b1[:,::1], i8)")
def _cover(chosen, size):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 - numba infers the types
    """Adds the block that begins at each pixel not covered, in reading order: later pixels gain the most by it."""
    last_y, last_x = chosen.shape[0] - 1, chosen.shape[1] - 1
    covered = np.zeros((last_y + size, last_x + size), np.bool_)
    for y in range(last_y + 1):
        for x in range(last_x + 1):
            if chosen[y, x]:
                covered[y : y + size, x : x + size] = True
    for y in range(last_y + size):
        for x in range(last_x + size):
            if not covered[y, x]:
                top, left = min(y, last_y), min(x, last_x)
                chosen[top, left] = True
                covered[top : top + size, left : left + size] = True
