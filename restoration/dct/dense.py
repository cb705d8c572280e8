"""The plain DCT denoiser, which every other engine must equal.

One convolution with N^2 frozen kernels, one threshold, one transposed convolution with the same kernels, one division
(Yu and Sapiro, Image Processing On Line 2011, 10.5201/ipol.2011.ys-dct).
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d

from restoration.dct.basis import kernels
from restoration.dct.overlap import Shrink, Transform, average_blocks
from restoration.errors import OptionError, RangeError, ShapeError
from restoration.thresholding import hard_threshold, soft_threshold

Rule = Literal["hard", "soft"]
Aggregation = Literal["uniform", "adaptive"]


def forward(images: Tensor, block_size: int, stride: int) -> Tensor:
    """Coefficients (M, B*B, h, w) of every block on the grid of images (M, 1, H, W)."""
    return conv2d(images, kernels(block_size, images.dtype, images.device), stride=stride)


def inverse(coefficients: Tensor, block_size: int, stride: int) -> Tensor:
    """Images (M, 1, H, W): the blocks of coefficients (M, B*B, h, w), overlapped and added."""
    return conv_transpose2d(coefficients, kernels(block_size, coefficients.dtype, coefficients.device), stride=stride)


DENSE = Transform(forward, inverse)


def denoise(
    noisy: Tensor,
    thresholds: Tensor,
    *,
    stride: int = 1,
    rule: Rule = "hard",
    aggregation: Aggregation = "uniform",
    blocks: Tensor | None = None,
    transform: Transform = DENSE,
) -> Tensor:
    """Images (N, C, H, W) whose overlapping blocks had their small DCT coefficients removed.

    `thresholds` (B, B) are in image units, [v, u] for v half-waves down and u across; 0 keeps. A coefficient is kept
    when its magnitude is greater. `adaptive` weighs a block by 1 / (1 + number of kept coefficients but DC). See
    `average_blocks` for `stride`, `blocks` and errors. Any `transform` that computes the DCT gives the same.
    """
    shrink = thresholding(thresholds.to(noisy), rule=rule, aggregation=aggregation)
    size = thresholds.shape[0]
    return average_blocks((noisy,), shrink, transform=transform, block_size=size, stride=stride, blocks=blocks)


def thresholding(thresholds: Tensor, *, rule: Rule = "hard", aggregation: Aggregation = "uniform") -> Shrink:
    """What `denoise` does to coefficients, for `average_blocks`; raises where the thresholds or names are bad."""
    check_thresholds(thresholds)
    shrunk = {"hard": hard_threshold, "soft": soft_threshold}.get(rule)
    if shrunk is None:
        raise OptionError(f"rule must be hard or soft, got {rule!r}")
    if aggregation not in {"uniform", "adaptive"}:
        raise OptionError(f"aggregation must be uniform or adaptive, got {aggregation!r}")
    limits = thresholds.reshape(-1, 1, 1)

    def shrink(coefficients: Tensor) -> tuple[Tensor, Tensor | None]:
        kept = shrunk(coefficients, limits)
        if aggregation == "uniform":
            return kept, None
        return kept, 1 / (1 + (kept[:, 1:] != 0).sum(1, keepdim=True)).to(kept)

    return shrink


def check_thresholds(thresholds: Tensor) -> None:
    """Raises ShapeError unless they are square, RangeError where one is negative or undefined."""
    if thresholds.ndim != 2 or thresholds.shape[0] != thresholds.shape[1]:  # noqa: PLR2004 - a matrix has two axes
        raise ShapeError(f"thresholds must be a square (B, B), got the shape {tuple(thresholds.shape)}")
    if not bool((thresholds >= 0).all()):
        raise RangeError(f"thresholds must be 0 or greater, got {float(thresholds.min())}")
