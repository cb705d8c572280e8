"""The orthonormal DCT-II: its matrix, its N x N kernels, and the 3-point one that decorrelates colours."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

from restoration.errors import RangeError

SMALLEST, LARGEST = 2, 32
"""The block sizes for which the denoiser is meant."""


def dct_matrix(size: int, *, dtype: torch.dtype = torch.float64) -> Tensor:
    """Row k holds the k-th of `size` orthonormal cosines: `matrix @ matrix.T` is the identity. (size, size)."""
    points = torch.arange(size, dtype=torch.float64)
    matrix = torch.cos(math.pi / size * points[:, None] * (points + 0.5)) * math.sqrt(2 / size)
    matrix[0] = math.sqrt(1 / size)
    return matrix.to(dtype)


@lru_cache(maxsize=16)
def kernels(size: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """The size^2 products of two cosines as frozen convolution kernels (size^2, 1, size, size).

    Kernel v * size + u has v half-waves down and u half-waves across; kernel 0 is the mean's (DC). Raises RangeError
    for a size outside 2..32.
    """
    check_block_size(size)
    rows = dct_matrix(size)
    products = rows[:, None, :, None] * rows[None, :, None, :]  # (v, u, y, x)
    return products.reshape(size * size, 1, size, size).to(device=device, dtype=dtype)


def transform_colors(images: Tensor) -> Tensor:
    """(..., 3, H, W) in the orthonormal 3-point DCT of its channels: grey, red against blue, green against both.

    White noise stays white with the same deviation, while a natural image's energy gathers in the first channel.
    """
    return torch.einsum("kc,...chw->...khw", _colors(images), images)


def restore_colors(images: Tensor) -> Tensor:
    """The inverse of `transform_colors`."""
    return torch.einsum("kc,...khw->...chw", _colors(images), images)


def check_block_size(size: int) -> None:
    """Raises RangeError unless `size` is in 2..32."""
    if not SMALLEST <= size <= LARGEST:
        raise RangeError(f"block size must be in {SMALLEST}..{LARGEST}, got {size}")


def _colors(images: Tensor) -> Tensor:
    return dct_matrix(3).to(device=images.device, dtype=images.dtype)
