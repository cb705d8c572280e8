"""What judges a restored image: PSNR, SSIM, residual deviation, and the luma and rounding they are scored on.

All take images (..., C, H, W) in [0, 1] and remove `shave` pixels at each border first. Nothing is clipped or rounded
here unless asked for (`quantize`): published figures are scored on 8-bit output, so quantise before scoring.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from restoration.errors import RangeError, ShapeError

SSIM_WINDOW = 11
"""Side of the SSIM's Gaussian window, its standard deviation being 1.5 pixels."""

_LUMA = (65.481, 128.553, 24.966)  # MATLAB rgb2ycbcr, for RGB in [0, 1]; plus 16, over 255


def psnr(restored: Tensor, reference: Tensor, *, shave: int = 0) -> float:
    """Peak signal-to-noise ratio in dB, peak 1, of images (..., H, W) in [0, 1].

    One mean squared error over all pixels and channels. Infinite for equal images. Raises `ShapeError`.
    """
    error = _difference(restored, reference, shave).square().mean().item()
    return -10 * math.log10(error) if error else math.inf


def ssim(restored: Tensor, reference: Tensor, *, shave: int = 0) -> float:
    """Structural similarity, mean over channels (and batch) of images (..., H, W) in [0, 1].

    Wang et al. 2004: Gaussian window 11 x 11 of deviation 1.5, K1 = 0.01, K2 = 0.03, population covariance; only
    windows that lie inside the image count. Raises `ShapeError`, also for an image smaller than the window.
    """
    from skimage.metrics import structural_similarity

    _difference(restored, reference, shave)
    planes = [shaved(image, shave).detach().double().cpu().flatten(0, -3) for image in (restored, reference)]
    if min(planes[0].shape[-2:]) < SSIM_WINDOW:
        raise ShapeError(f"SSIM needs at least {SSIM_WINDOW} x {SSIM_WINDOW} pixels, got {tuple(planes[0].shape)}")
    score = structural_similarity(  # type: ignore[no-untyped-call]  # scikit-image is typed in part
        *(plane.numpy() for plane in planes),
        data_range=1.0,
        channel_axis=0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    return float(score)


def residual_std(restored: Tensor, reference: Tensor, *, shave: int = 0) -> float:
    """Standard deviation of `restored - reference` in image units (times 255: grey levels), its mean removed."""
    return _difference(restored, reference, shave).std(correction=0).item()


def mean_offset(restored: Tensor, reference: Tensor, *, shave: int = 0) -> float:
    """Mean of `restored - reference` in image units: how much brighter the restored image is."""
    return _difference(restored, reference, shave).mean().item()


def luma(rgb: Tensor) -> Tensor:
    """Studio-range BT.601 luma over 255, (..., 3, H, W) in [0, 1] -> (..., 1, H, W) in [16, 235] / 255.

    MATLAB's rgb2ycbcr of floating-point RGB: not rounded.
    """
    if rgb.ndim < 3 or rgb.shape[-3] != 3:  # noqa: PLR2004 - RGB
        raise ShapeError(f"luma takes RGB (..., 3, H, W), got {tuple(rgb.shape)}")
    weights = torch.tensor(_LUMA, dtype=rgb.dtype, device=rgb.device).view(3, 1, 1)
    return ((rgb * weights).sum(-3, keepdim=True) + 16) / 255


def quantize(image: Tensor) -> Tensor:
    """`image` clipped to [0, 1] and rounded to the nearest of 256 levels, halves up; still in [0, 1]."""
    return (image.clamp(0, 1) * 255 + 0.5).floor() / 255


def shaved(image: Tensor, pixels: int) -> Tensor:
    """`image` (..., H, W) without `pixels` rows and columns at each border; raises `ShapeError` if nothing is left."""
    if pixels < 0:
        raise RangeError(f"shave must be 0 or more pixels, got {pixels}")
    height, width = image.shape[-2:]
    if min(height, width) <= 2 * pixels:
        raise ShapeError(f"nothing is left of {height} x {width} pixels after removing {pixels} at each border")
    return image[..., pixels : height - pixels, pixels : width - pixels]


def _difference(restored: Tensor, reference: Tensor, shave: int) -> Tensor:
    if restored.shape != reference.shape:
        raise ShapeError(
            f"images of one shape are compared, got {tuple(restored.shape)} against {tuple(reference.shape)}"
        )
    return shaved(restored.detach().double() - reference.detach().double(), shave)
