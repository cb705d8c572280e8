"""The denoiser dfttest2 in the frame server VapourSynth: Fourier transforms of 16 x 16 blocks, in float32.

It needs Python 3.12 or later (the extra `vapoursynth`). Frames stay in this process: a call's time holds a copy of the
image into a frame and one out of it, and no pipe.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from restoration.baselines import Plane, check_sigma, needed, per_image
from restoration.errors import OptionError
from restoration.method import Restore, Setup

_BLOCK = 16
"""The only size of a block that its code for the CPU has."""

_FRAMES = 2**31 - 1
"""The length of the clip that stands for all images to come: the most there may be."""


def build(setup: Setup) -> Restore:
    """Hard threshold or Wiener filter of each block, Hann windows, one frame at a time.

    Its own `sigma` is a square: a threshold of the coefficients' energy, on the 8-bit scale. It is told (ratio x
    sigma)^2, so that the option `ratio` is a ratio of amplitudes as for the DCT.
    """
    check_sigma(setup)
    overlap, rule = int(setup.options["overlap"]), str(setup.options["rule"])
    if not 0 <= overlap < _BLOCK or (overlap > _BLOCK // 2 and _BLOCK % (_BLOCK - overlap)):
        raise OptionError(f"dfttest2: overlap must be 0 to 8, 12, 14 or 15, got {overlap}")
    if rule not in (rules := {"wiener": 0, "hard": 1}):
        raise OptionError(f"dfttest2: rule must be wiener or hard, got {rule!r}")
    told = (float(setup.options["ratio"]) * 255 * setup.sigma) ** 2
    return per_image(_Clip({"ftype": rules[rule], "sigma": told, "sosize": overlap}, threads=setup.threads))


class _Clip:
    """One plane after another through a clip, of which each image is the next frame."""

    def __init__(self, named: dict[str, Any], *, threads: int) -> None:
        self._server = needed("vapoursynth", "vapoursynth")
        self._filter = needed("dfttest2", "vapoursynth")
        self._named, self._threads = named, threads
        self._shape: tuple[int, ...] = ()
        self._next = 0
        self._plane: Plane
        self._restored: Any

    def __call__(self, image: Plane) -> Plane:
        """`image`, (H, W) or (H, W, 3), each plane by itself."""
        if image.ndim == 2:  # noqa: PLR2004 - a grey image
            return self._one(image)
        return np.stack([self._one(image[..., channel]) for channel in range(image.shape[-1])], axis=-1)

    def _one(self, plane: Plane) -> Plane:
        if plane.shape != self._shape or self._next >= _FRAMES:
            self._restored, self._shape, self._next = self._clip(*plane.shape), plane.shape, 0
        self._plane = plane
        with self._restored.get_frame(self._next) as frame:
            self._next += 1
            return np.asarray(frame[0]).copy()

    def _clip(self, height: int, width: int) -> Any:
        """The filter on a clip whose frames are whatever plane is there when one is asked for."""
        core = self._server.core
        core.num_threads = self._threads
        blank = core.std.BlankClip(format=self._server.GRAYS, width=width, height=height, length=_FRAMES, keep=True)
        return self._filter.DFTTest(
            core.std.ModifyFrame(blank, blank, self._fill), tbsize=1, sbsize=_BLOCK, backend=self._filter.Backend.CPU(),
            **self._named,
        )  # fmt: skip

    def _fill(self, n: int, f: Any) -> Any:  # noqa: ARG002 - VapourSynth names both
        filled = f.copy()
        np.copyto(np.asarray(filled[0]), self._plane)
        return filled
