"""Measures published figures again on the standard image sets, which are recognised by their folders' names.

Each figure is a record: what, on which set, what was published, how far off still passes, and by which convention it
is scored. What cannot run - a set that is not there, weights that cannot be had - is listed as not run, and why.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, Literal

from bench.errors import BenchError
from bench.machine.fresh_process import FreshProcess, ProcessDiedError, known
from restoration.catalog import get
from restoration.errors import RestorationError
from restoration.method import Option, Restore, Setup

if TYPE_CHECKING:
    from torch import Tensor

Status = Literal["pass", "fail", "not run"]

SETS: Mapping[str, int] = {"Set5": 5, "Set12": 12, "Set14": 14, "BSD68": 68, "CBSD68": 68, "Kodak24": 24, "zebra": 1}
"""The standard sets and how many images each has; folders are matched without regard to case, `-` and `_`."""

_DENOISED = (
    "AWGN not clipped, RandomState(0) per image; sigma given; output neither clipped nor rounded (rounding moves "
    "FFDNet by less than 0.001 dB, clipping lifts the DCT on the zebra by 0.1 dB); all pixels and channels; mean of "
    "per-image PSNR, peak 1"
)
_UPSCALED = (
    "low resolution stored as 8 bits; output rounded to 8 bits; luma as MATLAB's rgb2ycbcr (studio range, unrounded); "
    "{shave} pixels removed at each border; mean of per-image PSNR, peak 255"
)
_HERE = "no published figure; measured with the authors' weights"


@dataclass(frozen=True)
class Figure:
    """A figure to be reproduced: mean PSNR in dB over a set, unless `unit` says otherwise."""

    what: str
    images: str
    """The set, one of `SETS` unless `load` is given."""
    published: float
    tolerance: float
    convention: str
    source: str
    measure: Callable[[Any, int], float]
    """(images (C, H, W), threads) -> the figure."""
    channels: int | None = None
    """In which the set is loaded; None leaves each image as it is."""
    unit: str = "dB"
    load: Callable[[Path, str], Any] | None = None
    """(data folder, `images`) -> what `measure` gets, where that is no standard set."""


@dataclass(frozen=True)
class Denoising:
    """Measures the mean PSNR of a denoiser."""

    method: str
    sigma_255: float
    options: Mapping[str, Option] = field(default_factory=dict)

    def __call__(self, images: Sequence[Tensor], threads: int) -> float:
        """In dB, over all pixels and channels of `images` (C, H, W), all of one C."""
        import torch

        from restoration.degradation import add_gaussian_noise
        from restoration.quality import psnr

        sigma = self.sigma_255 / 255
        setup = Setup(images[0].shape[0], sigma, threads=threads, options=self.options)
        restore = _built(self.method, setup)
        with torch.inference_mode():
            restored = (restore(add_gaussian_noise(image, sigma, seed=0)[None])[0] for image in images)
            return fmean(map(psnr, restored, images))


@dataclass(frozen=True)
class BestRatio:
    """Measures at which ratio, of 2.3, 2.4, ... 3.3, the 8x8 DCT denoiser does best."""

    sigma_255: float

    def __call__(self, images: Sequence[Tensor], threads: int) -> float:
        """T / sigma."""
        ratios = [ratio / 10 for ratio in range(23, 34)]
        return max(ratios, key=lambda ratio: Denoising("dct", self.sigma_255, {"ratio": ratio})(images, threads))


@dataclass(frozen=True)
class Upscaling:
    """Measures the mean PSNR of an upscaler after a degradation."""

    method: str
    scale: int
    degradation: str
    shave: int

    def __call__(self, images: Sequence[Tensor], threads: int) -> float:
        """In dB, on luma; a grey image is scored as it is."""
        import torch

        restorers = {
            channels: _built(self.method, Setup(channels, scale=self.scale, threads=threads))
            for channels in {len(image) for image in images}
        }
        with torch.inference_mode():
            return fmean(self._score(image, restorers[len(image)]) for image in images)

    def _score(self, image: Tensor, restore: Restore) -> float:
        from restoration.degradation import crop_to_multiple
        from restoration.degradations import align, degrade
        from restoration.quality import luma, psnr, quantize

        low = degrade(image, self.degradation, scale=self.scale)
        restored = quantize(align(restore(low[None])[0], self.degradation, scale=self.scale))
        pair = (restored, crop_to_multiple(image, self.scale))
        return psnr(*(map(luma, pair) if len(image) > 1 else pair), shave=self.shave)


@dataclass(frozen=True)
class Check:
    """One line of the verification: a figure and what was measured."""

    what: str
    images: str
    unit: str
    published: float
    measured: float | None
    difference: float | None
    """Measured less published."""
    tolerance: float
    status: Status
    convention: str
    source: str
    reason: str = ""
    """Why a figure was not run."""


def verify(
    data: Path,
    *,
    threads: int = 1,
    figures: Sequence[Figure] | None = None,
    timeout: float = 0.0,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> list[Check]:
    """Checks all `figures` on the sets below the folder `data`.

    A figure fails if it is further off than its tolerance. `progress` gets what comes next, how many figures are done,
    and how many there are. A figure may take `timeout` seconds (0: as long as it likes). Raises `BenchError` if `data`
    is not a folder.
    """
    if not data.is_dir():
        raise BenchError(f"{data}: no such folder; expected one that holds any of {', '.join(SETS)}")
    figures = published() if figures is None else figures
    checks: list[Check] = []
    while len(checks) < len(figures):
        with FreshProcess("bench.checks.published") as process:
            for figure in figures[len(checks) :]:
                progress(f"{figure.what} on {figure.images}", len(checks), len(figures))
                try:
                    measured, reason = known(process.ask("measured", figure, data, threads, patience=timeout or None))
                except ProcessDiedError as error:
                    checks.append(_check(figure, None, str(error)))
                    break
                checks.append(_check(figure, measured, reason))
    return checks


def measured(figure: Figure, data: Path, threads: int) -> tuple[float | None, str]:
    """Runs in a process of its own: the figure as it is here, or None and why it could not be measured."""
    try:
        load = figure.load or partial(_images, channels=figure.channels)
        return figure.measure(load(data, figure.images), threads), ""
    except RestorationError as error:
        return None, str(error)


def failed(checks: Sequence[Check]) -> bool:
    """Whether any figure was measured and is off."""
    return any(check.status == "fail" for check in checks)


def find_set(data: Path, name: str) -> Path | None:
    """The folder of a standard set at or below `data`, two levels down at most; the first of several."""
    candidates = [data, *sorted(data.glob("*")), *sorted(data.glob("*/*"))]
    return next((path for path in candidates if _plain(path.name) == _plain(name) and path.is_dir()), None)


def published() -> tuple[Figure, ...]:
    """Every figure that is checked, in the order of the list."""
    return tuple(_figures())


def _figures() -> Iterator[Figure]:
    source = "Zhang et al. 2018 (FFDNet)"
    gray = partial(_denoising, "ffdnet", "FFDNet grey", tolerance=0.06, source=source, channels=1)
    yield from gray({15: 32.75, 25: 30.43, 50: 27.32}, images="Set12")
    yield from gray({15: 31.63, 25: 29.19, 35: 27.73, 50: 26.29, 75: 24.79}, images="BSD68")
    color = partial(_denoising, "ffdnet", "FFDNet colour", tolerance=0.06, source=source, channels=3)
    yield from color({15: 33.87, 25: 31.21, 35: 29.58, 50: 27.96, 75: 26.24}, images="CBSD68")
    yield from color({15: 34.63, 25: 32.13, 35: 30.57, 50: 28.98, 75: 27.27}, images="Kodak24")
    # The package is a later program than the one that was published: its filters differ a little.
    bm3d = partial(_denoising, "bm3d", "BM3D", tolerance=0.15, source=source, channels=1)
    yield from bm3d({25: 28.57}, images="BSD68")
    yield from _zebra()
    rdn = "Zhang et al. 2018 (RDN)"
    yield from _enlarging("bicubic", "Set5", rdn, {2: 33.66, 3: 30.39, 4: 28.42})
    yield from _enlarging("bicubic", "Set14", rdn, {2: 30.24, 3: 27.55, 4: 26.00})
    for method, scale, figure in _NETWORKS:
        yield from _enlarging(method, "Set5", _HERE, {scale: figure})
    yield from _outside_training()


def _denoising(method: str, what: str, by_sigma: Mapping[int, float], **common: Any) -> Iterator[Figure]:
    for sigma, figure in by_sigma.items():
        name = f"{what}, sigma {sigma}"
        yield Figure(name, published=figure, measure=Denoising(method, sigma), convention=_DENOISED, **common)


def _zebra() -> Iterator[Figure]:
    """One picture in grey, for the threshold ratio."""
    for sigma, ratio, dct, ffdnet in ((25, 2.7, 27.78, 28.77), (50, 2.9, 24.61, 25.90)):
        figure = partial(Figure, images="zebra", convention=_DENOISED, source=_HERE, channels=1, tolerance=0.1)
        at_ratio = Denoising("dct", sigma, {"ratio": ratio})
        yield figure(f"DCT 8x8 at ratio {ratio}, sigma {sigma}", published=dct, measure=at_ratio)
        yield figure(f"FFDNet grey, sigma {sigma}", published=ffdnet, measure=Denoising("ffdnet", sigma))
        best = f"best ratio of DCT 8x8, sigma {sigma}"
        yield figure(best, published=ratio, measure=BestRatio(sigma), unit="T / sigma")


def _enlarging(method: str, images: str, source: str, by_scale: Mapping[int, float]) -> Iterator[Figure]:
    for scale, figure in by_scale.items():
        convention = f"MATLAB bicubic reduction; {_UPSCALED.format(shave=scale)}"
        measure = Upscaling(method, scale, "bicubic", shave=scale)
        yield Figure(f"{method} x{scale}", images, figure, 0.05, convention, source, measure)


_NETWORKS = (
    ("rdn-psnr-small", 2, 36.00),
    ("waifu2x", 2, 37.15),
    ("rdn-slim", 4, 28.64),
    ("rdn-medium", 4, 28.82),
    ("rrdn-thick", 4, 29.95),
    ("rrdn-gans", 4, 30.08),
)
"""Networks with published weights for which no figure was published: their scale, and their PSNR as measured here."""


def _outside_training() -> Iterator[Figure]:
    """Set5 reduced in ways that the network was not trained for; the border is wide enough to hide all methods' own."""
    table = {
        "decimate": (27.76, 30.00),
        "decimate-registered": (31.15, 33.65),
        "blur-1.2-decimate-registered": (31.79, 30.73),
    }
    for degradation, figures in table.items():
        for method, figure in zip(("rdn-psnr-small", "bicubic"), figures, strict=True):
            convention = f"{degradation}; {_UPSCALED.format(shave=8)}"
            measure = Upscaling(method, 2, degradation, shave=8)
            yield Figure(f"{method} x2 after {degradation}", "Set5", figure, 0.1, convention, _HERE, measure)


def _check(figure: Figure, measured: float | None, reason: str) -> Check:
    difference = None if measured is None else measured - figure.published
    return Check(
        figure.what, figure.images, figure.unit, figure.published, measured, difference, figure.tolerance,
        _status(difference, figure.tolerance), figure.convention, figure.source, reason,
    )  # fmt: skip


def _status(difference: float | None, tolerance: float) -> Status:
    if difference is None:
        return "not run"
    return "pass" if abs(difference) <= tolerance + 1e-9 else "fail"  # 2.8 - 2.7 exceeds 0.1 in floating point


@cache
def _images(data: Path, name: str, *, channels: int | None) -> list[Tensor]:
    """The set's images (C, H, W); raises `ImageError` if it is not there, not whole or not readable."""
    from restoration.errors import ImageError
    from restoration.images import image_paths, load_image

    folder = find_set(data, name)
    if folder is None:
        raise ImageError(f"no folder {name} below {data}")
    paths = image_paths(folder)
    if len(paths) != SETS[name]:
        raise ImageError(f"{folder}: {name} has {SETS[name]} images, this folder {len(paths)}")
    return [load_image(path, channels=channels).pixels for path in paths]


def _built(name: str, setup: Setup) -> Restore:
    method = get(name)
    return method.build(method.checked(setup))


def _plain(name: str) -> str:
    return re.sub(r"[-_ ]", "", name).lower()
