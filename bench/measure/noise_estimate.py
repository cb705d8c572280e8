"""The noise of an image as scikit-image's `estimate_sigma` finds it, where it finds any number."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from restoration.errors import PackageMissingError, RangeError

if TYPE_CHECKING:
    from torch import Tensor


_RESIDUE = 2.0**-23
"""How finely float32 tells values near 1 apart: what is less is rounding, not noise."""


def estimated_sigma(plane: Tensor) -> float:
    """The noise of one channel (H, W) in [0, 1], in image units.

    Raises `PackageMissingError` without PyWavelets, which it needs, and `RangeError` for an image without any detail.
    """
    from skimage.restoration import estimate_sigma

    pixels = plane.double().numpy()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # images smaller than the wavelet, and those without any detail
            sigma = float(estimate_sigma(pixels))  # type: ignore[no-untyped-call]  # scikit-image is typed in part
    except ImportError:
        raise PackageMissingError(
            "scikit-image estimates sigma with PyWavelets, which is not installed: pip install 'restobench[peers]'"
        ) from None
    if not sigma > _RESIDUE:  # the median of no detail is not a number, or what rounding left
        raise RangeError("no sigma can be estimated: the image is flat, a smooth ramp, or one line of pixels")
    return sigma
