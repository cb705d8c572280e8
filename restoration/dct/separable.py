"""The DCT denoiser in two 1-D passes each way: 2 (N^3 / s^2 + N^2 / s) multiply-adds per pixel in place of 2 N^4 / s^2.

The passes along x are shared by all blocks of a column. Meant for CUDA; the output is the dense engine's.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d

from restoration.dct.basis import dct_matrix
from restoration.dct.overlap import Transform


def forward(images: Tensor, block_size: int, stride: int) -> Tensor:
    """Coefficients (M, B*B, h, w) of every block on the grid of images (M, 1, H, W)."""
    cosines = _cosines(images, block_size)
    across = conv2d(images, cosines.mT, stride=(1, stride))  # (M, u, H, w)
    down = conv2d(across.flatten(0, 1)[:, None], cosines, stride=(stride, 1))  # (M * u, v, h, w)
    planes = down.reshape(-1, block_size, *down.shape[1:])  # (M, u, v, h, w)
    return planes.transpose(1, 2).flatten(1, 2)


def inverse(coefficients: Tensor, block_size: int, stride: int) -> Tensor:
    """Images (M, 1, H, W): the blocks of coefficients (M, B*B, h, w), overlapped and added."""
    cosines = _cosines(coefficients, block_size)
    count, _, *places = coefficients.shape
    planes = coefficients.reshape(count, block_size, block_size, *places).transpose(1, 2)  # (M, u, v, h, w)
    down = conv_transpose2d(planes.flatten(0, 1), cosines, stride=(stride, 1))  # (M * u, 1, H, w)
    across = down.reshape(count, block_size, *down.shape[2:])  # (M, u, H, w)
    return conv_transpose2d(across, cosines.mT, stride=(1, stride))


SEPARABLE = Transform(forward, inverse)


def _cosines(like: Tensor, size: int) -> Tensor:
    """The 1-D cosines as kernels down (size, 1, size, 1); transposed, across."""
    return dct_matrix(size).to(device=like.device, dtype=like.dtype).reshape(size, 1, size, 1)
