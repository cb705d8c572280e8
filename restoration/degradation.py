"""What was done to the image: seeded noise, MATLAB's bicubic reduction, plain decimation, blur, JPEG.

Their names are in `restoration.degradations`. Every function takes images (..., H, W), floating point, on any
device, and gives a new tensor of the same kind.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from restoration.errors import RangeError, ShapeError
from restoration.quality import quantize

Places = NDArray[np.int64]
Weights = NDArray[np.float64]
Kernel = Callable[[Weights], Weights]
"""An interpolation kernel: distances in pixels -> weights."""


def add_gaussian_noise(image: Tensor, sigma: float, *, seed: int) -> Tensor:
    """`image` plus white Gaussian noise of standard deviation `sigma` (image units), not clipped.

    The noise is NumPy's `RandomState(seed).standard_normal(shape)`, whose stream is frozen for all versions of NumPy;
    drawn in float64 in the tensor's own order, whatever its dtype and device.
    """
    if not (sigma >= 0 and math.isfinite(sigma)):
        raise RangeError(f"sigma must be 0 or more (25 on the 8-bit scale is 25 / 255), got {sigma}")
    noise = np.random.RandomState(seed).standard_normal(tuple(image.shape))
    return image + (sigma * torch.from_numpy(noise)).to(image)


def bicubic_resize(image: Tensor, scale: float) -> Tensor:
    """`image` (..., H, W) enlarged or reduced to (..., ceil(scale H), ceil(scale W)), as MATLAB's imresize.

    Cubic convolution with a = -0.5, the kernel widened by 1 / scale when reducing (antialiasing), pixel centres
    aligned, symmetric boundary. Not clipped. Differentiable; weights are computed in float64.
    """
    return _resized(image, scale, cubic_weights, reach=2)


def lanczos_resize(image: Tensor, scale: float) -> Tensor:
    """As `bicubic_resize`, with the Lanczos kernel of three lobes (MATLAB's "lanczos3")."""
    return _resized(image, scale, _lanczos, reach=3)


def decimate(image: Tensor, scale: int) -> Tensor:
    """Every `scale`-th row and column of `image` (..., H, W), starting with the first.

    No filter, so it aliases; and the samples lie (scale - 1) / 2 pixels up and left of where MATLAB's imresize and the
    upscalers trained on it place them; `register` undoes that after upscaling.
    """
    if scale < 1 or scale != int(scale):
        raise RangeError(f"scale must be a whole number of 1 or more, got {scale}")
    return image[..., ::scale, ::scale].contiguous()


def gaussian_blur(image: Tensor, std: float) -> Tensor:
    """`image` (..., H, W) convolved with a Gaussian of standard deviation `std` pixels, symmetric boundary.

    The kernel is sampled at whole pixels within 4 std and sums to one.
    """
    if not (std >= 0 and math.isfinite(std)):
        raise RangeError(f"the blur's standard deviation must be 0 or more pixels, got {std}")
    if std == 0:
        return image.clone()
    reach = math.ceil(4 * std)
    offsets = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (offsets / std) ** 2)
    weights /= weights.sum()
    for axis in (-2, -1):
        size = image.shape[axis]
        sources = _mirrored(np.arange(size)[:, None] + offsets, size)
        image = _mixed_along(image, axis, sources, weights[None].repeat(size, 0))
    return image


def crop_to_multiple(image: Tensor, scale: int) -> Tensor:
    """`image` (..., H, W) without the last rows and columns that `scale` does not divide; never resized."""
    height, width = (size - size % scale for size in image.shape[-2:])
    if not (height and width):
        raise ShapeError(f"an image of {tuple(image.shape[-2:])} pixels is smaller than the scale {scale}")
    return image[..., :height, :width]


def reduce_by(image: Tensor, kernel: Tensor, scale: int) -> Tensor:
    """`image` (..., H, W) reduced to (..., H / scale, W / scale), each pixel a mean weighted by `kernel` (K, K).

    The kernel is centred on each cell of scale x scale pixels, so K and `scale` must both be even or both be odd;
    symmetric boundary; H and W must be multiples of `scale` and at least K. Differentiable in both.
    """
    height, width = image.shape[-2:]
    size = kernel.shape[-1]
    if kernel.ndim != 2 or kernel.shape[0] != size or (size - scale) % 2:  # noqa: PLR2004 - axes, parity
        raise ShapeError(f"expected a square kernel with the parity of scale {scale}, got {tuple(kernel.shape)}")
    if size > min(height, width) or height % scale or width % scale:
        raise ShapeError(
            f"a {size} x {size} kernel at scale {scale} does not fit an image of {height} x {width} pixels"
        )
    reach = (size - scale) // 2
    places = [torch.from_numpy(_mirrored(np.arange(-reach, length + reach), length)) for length in (height, width)]
    rows, columns = (place.to(image.device) for place in places)
    padded = image.index_select(-2, rows).index_select(-1, columns)
    planes = padded.reshape(-1, 1, *padded.shape[-2:])
    reduced = torch.nn.functional.conv2d(planes, kernel.to(image)[None, None], stride=scale)
    return reduced.reshape(*image.shape[:-2], height // scale, width // scale)


def register(upscaled: Tensor, scale: int) -> Tensor:
    """`upscaled` (..., H, W) moved down and right by (scale - 1) / 2 pixels, where plain decimation took its samples.

    Cubic spline interpolation, mirrored at the border (`scipy.ndimage.shift`). Not differentiable.
    """
    from scipy.ndimage import shift

    offset = -(scale - 1) / 2
    planes = upscaled.detach().double().cpu().flatten(0, -3).numpy()  # (planes, H, W)
    moved = np.stack([shift(plane, offset, order=3, mode="mirror") for plane in planes])
    return torch.from_numpy(moved).reshape(upscaled.shape).to(upscaled)


def add_poisson_gaussian_noise(image: Tensor, photons: float, *, read: float, seed: int) -> Tensor:
    """`image` as a sensor counts it: `photons` at full intensity, Poisson, and Gaussian noise of deviation `read`.

    The variance at intensity x is x / photons + read squared, in image units squared; what lies below 0 counts as 0.
    Not clipped; the noise is NumPy's `RandomState(seed)`, first all counts, then all of the Gaussian.
    """
    if not (photons > 0 and math.isfinite(photons) and read >= 0 and math.isfinite(read)):
        raise RangeError(f"expected photons above 0 and a read noise of 0 or more, got {photons} and {read}")
    random = np.random.RandomState(seed)
    counts = random.poisson(image.detach().double().clamp(min=0).cpu().numpy() * photons) / photons
    return torch.from_numpy(counts + read * random.standard_normal(counts.shape)).to(image)


def add_salt_and_pepper(image: Tensor, density: float, *, seed: int) -> Tensor:
    """`image` with a share `density` of its values (each channel by itself) replaced by 0 or 1, as often the one.

    Drawn by NumPy's `RandomState(seed).random_sample(shape)`.
    """
    if not 0 <= density <= 1:
        raise RangeError(f"density must be a share from 0 to 1, got {density}")
    drawn = torch.from_numpy(np.random.RandomState(seed).random_sample(tuple(image.shape))).to(image.device)
    salted = torch.where(drawn < density, torch.zeros_like(image), image)
    return torch.where(drawn < density / 2, torch.ones_like(image), salted)


def compress_jpeg(image: Tensor, quality: int) -> Tensor:
    """`image` (C, H, W) of 1 or 3 channels, clipped and rounded to 8 bits, after JPEG of `quality` 1 to 100 by Pillow.

    Pillow's tables and its usual sampling: the colour of RGB at half the resolution (4:2:0).
    """
    from PIL import Image

    if not 1 <= quality <= 100:  # noqa: PLR2004 - as libjpeg defines it
        raise RangeError(f"JPEG's quality must be 1 to 100, got {quality}")
    if image.ndim != 3 or image.shape[0] not in {1, 3}:  # noqa: PLR2004 - grey or RGB
        raise ShapeError(f"JPEG takes an image (1 or 3, H, W), got {tuple(image.shape)}")
    pixels = (quantize(image) * 255).round().byte().movedim(0, -1).cpu().numpy()
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if len(image) == 1 else pixels).save(file, "JPEG", quality=quality)
    decoded = torch.from_numpy(np.array(Image.open(file))).reshape(*image.shape[1:], -1).movedim(-1, 0)
    return decoded.to(image) / 255


def convolve(image: Tensor, kernel: Weights) -> Tensor:
    """`image` (..., H, W) convolved with `kernel` (rows, columns), centred, symmetric boundary; computed in float64."""
    from scipy.ndimage import convolve as filtered

    planes = image.detach().double().cpu().reshape(-1, *image.shape[-2:]).numpy()
    blurred = np.stack([filtered(plane, kernel, mode="reflect") for plane in planes])
    return torch.from_numpy(blurred).reshape(image.shape).to(image)


def _resized(image: Tensor, scale: float, kernel: Kernel, *, reach: float) -> Tensor:
    """`image` interpolated by `kernel`, which ends at a distance of `reach` pixels."""
    if not (scale > 0 and math.isfinite(scale)):
        raise RangeError(f"scale must be positive (0.5 halves), got {scale}")
    if not image.is_floating_point() or image.ndim < 2:  # noqa: PLR2004 - height and width
        raise ShapeError(f"expected a floating-point image (..., H, W), got {image.dtype} {tuple(image.shape)}")
    rows = _mixed_along(image, -2, *_taps(image.shape[-2], scale, kernel, reach))
    return _mixed_along(rows, -1, *_taps(image.shape[-1], scale, kernel, reach))


def _mixed_along(image: Tensor, axis: int, sources: Places, weights: Weights) -> Tensor:
    """Output position i along `axis` = sum over k of weights[i, k] * image at sources[i, k]."""
    places = torch.from_numpy(sources).to(image.device)  # (outputs, taps)
    factors = torch.from_numpy(weights).to(image)
    column = (-1, 1) if axis == -2 else (-1,)  # noqa: PLR2004 - height
    mixed = image.index_select(axis, places[:, 0]) * factors[:, 0].view(column)
    for tap in range(1, places.shape[1]):
        mixed = mixed + image.index_select(axis, places[:, tap]) * factors[:, tap].view(column)
    return mixed


@lru_cache(maxsize=64)
def _taps(size: int, scale: float, kernel: Kernel, reach: float) -> tuple[Places, Weights]:
    """Source positions and weights (outputs, taps) of one axis, as `contributions` in MATLAB's imresize."""
    reach *= max(1.0, 1 / scale)
    outputs = math.ceil(size * scale - 1e-9)  # 1 / 3 and its like are not exact
    centres = (np.arange(outputs) + 0.5) / scale - 0.5
    sources = np.floor(centres - reach).astype(np.int64)[:, None] + np.arange(math.ceil(2 * reach) + 2)
    weights = kernel((centres[:, None] - sources) * min(1.0, scale))
    weights /= weights.sum(1, keepdims=True)
    used = weights.any(0)
    return _mirrored(sources[:, used], size), weights[:, used]


def _mirrored(positions: Places, size: int) -> Places:
    """Positions outside [0, size) reflected back, the border pixel repeated."""
    folded = positions % (2 * size)
    return np.where(folded < size, folded, 2 * size - 1 - folded)


def cubic_weights(x: Weights) -> Weights:
    """Keys' cubic convolution with a = -0.5 (Keys 1981), at distances `x` in samples."""
    x = np.abs(x)
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, near, np.where(x <= 2, far, 0.0))  # noqa: PLR2004 - the kernel's two pieces


def _lanczos(x: Weights) -> Weights:
    """The sinc, windowed by its own central lobe stretched over three."""
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0.0)  # noqa: PLR2004 - lobes
