"""What a restored image is judged by, by name: the record `Metric`, those that are built in, and a user's own.

A metric is a built-in name, an entry point of the group `restoration.metrics`, `package.module:OBJECT`, or
`path/to/file.py:OBJECT`; the object is a `Metric`: which way is better cannot be guessed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from restoration.errors import OptionError, RangeError, UnknownMetricError
from restoration.lookup import Lookup
from restoration.quality import (
    GMSD_SMALLEST,
    MS_SSIM_SMALLEST,
    SSIM_WINDOW,
    gmsd,
    mean_offset,
    ms_ssim,
    psnr,
    residual_std,
    ssim,
)

GROUP = "restoration.metrics"
"""The entry-point group through which an installed package offers its own metrics."""

USUAL = ("psnr_db", "ssim", "residual_std_255", "mean_offset_255")
"""What is measured where a spec names no metric."""

_SLACK = 1e-6
"""How far a value may lie beyond the stated range: rounding."""

_TAKEN = (
    "method", "variant", "options", "task", "channels", "image", "sigma_255", "scale", "degradation", "seed",
    "device", "dtype", "error", "block_size", "stride", "ratio", "label", "low", "high", "n", "value",
    "seconds", "failure", "picture", "skipped", "elapsed_seconds", "measured_seconds", "input_written",
    "told_sigma_255", "front", "board", "compared", "failed", "asked", "setting", "over", "outcome",
    "per_megapixel", "metrics", "height", "width", "threads", "batch", "spread", "ok", "member", "image_seed",
    "settings", "default", "as_built", "time_low", "time_high", "time_error", "within_low", "within_high", "run",
    "revision", "machine", "macs_per_pixel", "seconds_per_megapixel", "joules_per_megapixel", "images", "kind",
)  # fmt: skip
"""Names of other readings, and of other columns of the tables that hold scores; `front_NAME` is of each metric."""


@dataclass(frozen=True)
class Metric:
    """One number that judges a restored image, and all that tables, fronts and comparisons have to know of it."""

    name: str
    """Its column in the tables: small letters, digits and underscores; the unit at its end where there is one."""
    function: Callable[..., Any]
    """(restored, reference) -> a number; (restored) where `needs_reference` is false.

    Both are float32 tensors (C, H, W) on the CPU, C 1 or 3. The restored one is as a denoiser returned it, neither
    clipped nor rounded; of upscalers it is clipped and rounded to 8 bits, and both are luma without `scale` pixels at
    each border.
    """
    better: Literal["bigger", "smaller", ""]
    """Which way is better; empty for what describes an image and judges none."""
    unit: str = ""
    title: str = ""
    """How it is written in headings and figures; its name where empty."""
    digits: int = 4
    """Decimals that tables show. A change that none of them shows is none to `restobench compare`."""
    range: tuple[float, float] = (-math.inf, math.inf)
    """The smallest and the largest value that it can have, both included."""
    needs_reference: bool = True
    smallest: int = 1
    """The shorter side, in pixels, of the smallest image that it can judge; a smaller one has no such score."""
    requires: tuple[str, ...] = ()
    """Import names of optional packages that it needs."""
    lacking: Callable[[], str] | None = None
    """What else is not there that it needs, in words; empty where all is."""
    summary: str = ""
    paper: str = ""

    def __post_init__(self) -> None:
        """Raises `OptionError` for a record that tables and comparisons could not work with."""
        if not re.fullmatch(r"(?!front_)[a-z][a-z0-9_]{0,39}", self.name) or self.name in _TAKEN:
            raise OptionError(
                f"metric {self.name!r}: expected a name of small letters, digits and underscores, and none of other "
                "columns of the tables"
            )
        if self.better not in {"bigger", "smaller", ""}:
            raise OptionError(f"metric {self.name}: better must be 'bigger', 'smaller' or '', got {self.better!r}")
        if not self.range[0] < self.range[1] or not 0 <= self.digits <= 12:  # noqa: PLR2004 - of a float
            raise OptionError(
                f"metric {self.name}: expected range (low, high) and 0 to 12 digits, got {self.range}, {self.digits}"
            )

    def missing(self) -> str:
        """Why it cannot be computed here: a package or a file is not there; empty where all is."""
        for package in self.requires:
            if find_spec(package.partition(".")[0]) is None:
                return f"the package {package} is not installed: pip install {package}"
        return self.lacking() if self.lacking else ""

    def __call__(self, restored: Tensor, reference: Tensor | None) -> float:
        """The score of `restored` (C, H, W); neither image is changed.

        Raises `RangeError` for what is no number within the range, and whatever the function raises.
        """
        images = [restored] if reference is None or not self.needs_reference else [restored, reference]
        return self._number(self.function(*(image.clone() for image in images)))

    def _number(self, found: object) -> float:
        what = f"metric {self.name}: returned"
        if getattr(found, "shape", None) == () and hasattr(found, "item"):  # one number of torch or NumPy
            found = found.item()
        if isinstance(found, bool) or not isinstance(found, int | float):
            shape = f" of shape {tuple(getattr(found, 'shape', ()))}" if hasattr(found, "shape") else ""
            raise RangeError(f"{what} a {type(found).__name__}{shape}, expected one number")
        low, high = self.range
        slack = _SLACK * max(1.0, abs(found)) if math.isfinite(found) else 0.0
        if math.isnan(found) or not low - slack <= found <= high + slack:
            raise RangeError(f"{what} {found:g}, expected a number from {low:g} to {high:g}")
        return float(found)


def get(name: str) -> Metric:
    """The metric called `name`, `package.module:OBJECT` or `path/to/file.py:OBJECT`; raises `UnknownMetricError`."""
    return _METRICS.get(name)


def names() -> tuple[str, ...]:
    """The names of all metrics that are installed: built-in first, then those of other packages."""
    return _METRICS.names()


def source_of(name: str) -> Path | None:
    """The file of code that a metric from elsewhere lies in, as `restoration.catalog.source_of` for methods."""
    return _METRICS.source_of(name)


def chosen(references: Sequence[str]) -> tuple[Metric, ...]:
    """The metrics that these names stand for; raises `OptionError` where two of them would fill one column."""
    found: dict[str, str] = {}
    for reference in dict.fromkeys(references):
        name = get(reference).name
        if name in found or (name in _BUILT_IN and reference != name):
            other = found.get(name, f"the built-in {name}")
            raise OptionError(f"metrics {other} and {reference} are both called {name}; call one of them otherwise")
        found[name] = reference
    return tuple(map(get, found.values()))


def _residual(restored: Tensor, reference: Tensor) -> float:
    return 255 * residual_std(restored, reference)


def _offset(restored: Tensor, reference: Tensor) -> float:
    return 255 * mean_offset(restored, reference)


_TRUNK = "alexnet-owt-7be5be79.pth"
"""The file of torchvision's AlexNet, which LPIPS compares the features of."""


def _lpips(restored: Tensor, reference: Tensor) -> float:
    images = [2 * image.clamp(0, 1).expand(3, -1, -1)[None] - 1 for image in (restored, reference)]
    return float(_lpips_network()(*images))


@cache
def _lpips_network() -> Callable[..., Tensor]:
    import lpips

    network: Callable[..., Tensor] = lpips.LPIPS(net="alex", verbose=False).eval().requires_grad_(requires_grad=False)
    return network


def _no_trunk() -> str:
    path = Path(torch.hub.get_dir()) / "checkpoints" / _TRUNK
    return "" if path.is_file() else f"no file {path}: torchvision's models.alexnet(weights='DEFAULT') obtains it"


BUILT_IN = (
    Metric("psnr_db", psnr, "bigger", "dB", "PSNR", 2, summary="one mean squared error, peak 1"),
    Metric(
        "ssim", ssim, "bigger", title="SSIM", range=(-1, 1), smallest=SSIM_WINDOW,
        summary="structural similarity, by scikit-image", paper="Wang et al. 2004",
    ),
    Metric(
        "residual_std_255", _residual, "smaller", "1/255", "residual deviation", 2, (0, math.inf),
        summary="standard deviation of restored - reference",
    ),
    Metric(
        "mean_offset_255", _offset, "", "1/255", "mean offset", 2, summary="how much brighter the restored image is"
    ),
    Metric(
        "ms_ssim", ms_ssim, "bigger", title="MS-SSIM", range=(0, 1), smallest=MS_SSIM_SMALLEST,
        summary="structural similarity over five scales", paper="Wang, Simoncelli, Bovik 2003",
    ),
    Metric(
        "gmsd", gmsd, "smaller", title="GMSD", range=(0, 1), smallest=GMSD_SMALLEST,
        summary="how unevenly gradients differ; follows perception better than PSNR, without weights",
        paper="Xue, Zhang, Mou, Bovik 2014",
    ),
    Metric(
        "lpips", _lpips, "smaller", title="LPIPS (AlexNet)", range=(0, math.inf), smallest=64, requires=("lpips",),
        lacking=_no_trunk, summary="distance of features of AlexNet, version 0.1", paper="Zhang et al. 2018",
    ),
)  # fmt: skip
"""The metrics that come with the package."""

_BUILT_IN = {metric.name: metric for metric in BUILT_IN}


def _made(name: str, found: object) -> Metric:
    if isinstance(found, Metric):
        return found
    raise UnknownMetricError(
        f"{name!r} is a {type(found).__name__}; expected a Metric: restoration.Metric(name, function, better), which "
        "says whether bigger or smaller is better"
    )


_METRICS = Lookup("metric", GROUP, _BUILT_IN, _made, UnknownMetricError)
