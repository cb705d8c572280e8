"""What judges a restored image: PSNR, SSIM, MS-SSIM, GMSD, residual deviation, and the luma and rounding before them.

All take images (..., C, H, W) in [0, 1] and remove `shave` pixels at each border first. Nothing is clipped or rounded
here unless asked for (`quantize`): published figures are scored on 8-bit output, so quantise before scoring.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from restoration.errors import RangeError, ShapeError

SSIM_WINDOW = 11
"""Side of the SSIM's Gaussian window, its standard deviation being 1.5 pixels."""

MS_SSIM_SMALLEST = SSIM_WINDOW * 2**4
"""The shorter side of an image that MS-SSIM can judge: at the last of its five scales the window still fits."""

GMSD_SMALLEST = 8
"""The shorter side of an image that GMSD is asked to judge: of half as many pixels it takes the deviation."""

_MS_SSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # Wang et al. 2003, from the finest scale to the coarsest
_GMSD_CONSTANT = 170 / 255**2  # Xue et al. 2014: 170 for images up to 255
_GREY = (0.299, 0.587, 0.114)

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


def ms_ssim(restored: Tensor, reference: Tensor) -> float:
    """Structural similarity over five scales of images (..., H, W) in [0, 1], its mean over channels at each scale.

    Wang, Simoncelli, Bovik 2003: contrast and structure at each scale, luminance at the coarsest, each to the power of
    its weight; 2 x 2 means between scales, window and constants as in `ssim`. What is negative counts as 0. Raises
    `ShapeError`, also for an image whose shorter side is below `MS_SSIM_SMALLEST`.
    """
    _difference(restored, reference, 0)
    if min(restored.shape[-2:]) < MS_SSIM_SMALLEST:
        raise ShapeError(f"MS-SSIM needs at least {MS_SSIM_SMALLEST} pixels a side, got {tuple(restored.shape)}")
    planes = [image.detach().double().reshape(-1, 1, *image.shape[-2:]) for image in (restored, reference)]
    score = 1.0
    for scale, weight in enumerate(_MS_SSIM_WEIGHTS):
        luminance, structure = _similarities(*planes)
        last = scale == len(_MS_SSIM_WEIGHTS) - 1
        score *= max(0.0, (luminance * structure if last else structure).mean().item()) ** weight
        planes = [functional.avg_pool2d(plane, 2) for plane in planes]
    return score


def gmsd(restored: Tensor, reference: Tensor) -> float:
    """Gradient magnitude similarity deviation of images (1 or 3, H, W) in [0, 1]; 0 for equal images, less is better.

    Xue, Zhang, Mou, Bovik 2014: the standard deviation over the image of how alike both gradients (Prewitt) are, after
    2 x 2 means, on the grey of colour images (BT.601, full range). Raises `ShapeError`, also for an image whose shorter
    side is below `GMSD_SMALLEST`.
    """
    _difference(restored, reference, 0)
    if restored.ndim != 3 or min(restored.shape[-2:]) < GMSD_SMALLEST:  # noqa: PLR2004 - channels, height, width
        raise ShapeError(f"GMSD needs (C, H, W) of at least {GMSD_SMALLEST} pixels a side, got {tuple(restored.shape)}")
    one, other = (_gradients(image) for image in (restored, reference))
    likeness = (2 * one * other + _GMSD_CONSTANT) / (one.square() + other.square() + _GMSD_CONSTANT)
    return likeness.std(correction=1).item()


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


def _similarities(restored: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
    """SSIM's two factors, luminance and contrast with structure, of planes (N, 1, H, W): (N, 1, H - 10, W - 10)."""
    offsets = torch.arange(SSIM_WINDOW, dtype=restored.dtype, device=restored.device) - SSIM_WINDOW // 2
    weights = torch.exp(-0.5 * (offsets / 1.5).square())
    weights = weights / weights.sum()

    def local(plane: Tensor) -> Tensor:
        return functional.conv2d(functional.conv2d(plane, weights.view(1, 1, -1, 1)), weights.view(1, 1, 1, -1))

    one, other = local(restored), local(reference)
    variances = local(restored.square()) - one.square() + local(reference.square()) - other.square()
    covariance = local(restored * reference) - one * other
    luminance = (2 * one * other + 0.01**2) / (one.square() + other.square() + 0.01**2)
    return luminance, (2 * covariance + 0.03**2) / (variances + 0.03**2)


def _gradients(image: Tensor) -> Tensor:
    """Prewitt's gradient magnitude (1, 1, H / 2, W / 2) of the grey of `image` (C, H, W), zeros beyond the border."""
    grey = image.detach().double()
    if len(grey) == 3:  # noqa: PLR2004 - RGB
        grey = (grey * torch.tensor(_GREY, dtype=grey.dtype, device=grey.device).view(3, 1, 1)).sum(0, keepdim=True)
    halved = functional.avg_pool2d(grey[None], 2)
    across = torch.tensor([[1.0, 0.0, -1.0]] * 3, dtype=grey.dtype, device=grey.device) / 3
    both = functional.conv2d(halved, torch.stack((across, across.T))[:, None], padding=1)
    return both.square().sum(1, keepdim=True).sqrt()


def _difference(restored: Tensor, reference: Tensor, shave: int) -> Tensor:
    if restored.shape != reference.shape:
        raise ShapeError(
            f"images of one shape are compared, got {tuple(restored.shape)} against {tuple(reference.shape)}"
        )
    return shaved(restored.detach().double() - reference.detach().double(), shave)
