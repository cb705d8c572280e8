"""The pictures that ranges of 8-bit networks are measured on, degraded as a setup says.

They come with matplotlib and scikit-image, and none of them is among the bundled images that methods are tried on: a
portrait, the back of an eye, distant galaxies, a printed page.
"""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from restoration.degradation import add_gaussian_noise, bicubic_resize
from restoration.images import load_image
from restoration.method import Setup
from restoration.quality import quantize

CALIBRATION = (
    "matplotlib/mpl-data/sample_data/grace_hopper.jpg", "skimage/data/retina.jpg", "skimage/data/hubble_deep_field.jpg",
    "skimage/data/text.png",
)  # fmt: skip
"""Files in the packages that come with them, never downloaded."""

_SIDE = 160
"""Of the part that is taken from the middle of each, in pixels of the degraded image; a multiple of what most need."""


def pictures(setup: Setup) -> list[Tensor]:
    """Degraded batches (1, C, H, W) in [0, 1]: noise of the setup's sigma, or bicubic reduction by its scale."""
    return [_degraded(clean, setup, seed) for seed, clean in enumerate(_clean(setup.channels, setup.scale * _SIDE))]


def _clean(channels: int, side: int) -> list[Tensor]:
    import matplotlib as mpl
    import skimage

    roots = {module.__name__: Path(str(module.__file__)).parent for module in (mpl, skimage)}
    found = []
    for file in CALIBRATION:
        package, _, place = file.partition("/")
        pixels = load_image(roots[package] / place, channels=channels).pixels
        top, left = (max(size - side, 0) // 2 for size in pixels.shape[1:])
        height, width = (min(size, side) // 32 * 32 for size in pixels.shape[1:])
        found.append(pixels[:, top : top + height, left : left + width])
    return found


def _degraded(clean: Tensor, setup: Setup, seed: int) -> Tensor:
    if setup.scale > 1:
        height, width = (size // setup.scale * setup.scale for size in clean.shape[1:])
        return quantize(bicubic_resize(clean[:, :height, :width], 1 / setup.scale))[None]
    return add_gaussian_noise(clean, setup.sigma, seed=seed)[None] if setup.sigma else clean[None]
