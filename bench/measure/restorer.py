"""One restorer on one image, as anyone's own test suite measures it: quality, operations and memory of that call."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from bench.errors import one_line
from bench.measure.counts import MACS, count
from bench.measure.inputs import degraded
from bench.measure.memory import alive_at_once
from bench.measure.outputs import OutputError, changed, checked, in_range
from bench.measure.scores import scores
from bench.plan.case import Case, Reading, options_text
from bench.plan.damage import usual
from restoration.callables import method_from, name_of
from restoration.catalog import get
from restoration.degradation import crop_to_multiple
from restoration.images import image_of
from restoration.method import Method, Option, Restore, variant_of
from restoration.quality import psnr

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

_COUNTERS = ("closed_form", "fvcore", "torch")
"""Which counter's operations are taken, the first that has any."""

_DENOISED = "PSNR over all pixels and channels, peak 1, neither clipped nor rounded; noise not clipped"
_UPSCALED = (
    "reduced by MATLAB's bicubic and rounded to 8 bits; PSNR of luma, clipped and rounded to 8 bits, `scale` pixels "
    "shaved"
)
_ALL = "MACs per output pixel (1 MAC = 2 FLOPs); peak_bytes: tensors and arrays alive at once, both images included"


@dataclass(frozen=True)
class Trial:
    """A restorer that is built, and the image that it is shown."""

    case: Case
    method: Method
    restore: Restore
    clean: Tensor
    """(C, H, W)."""
    batch: Tensor
    """The degraded image, (1, C, h, w)."""

    def check_unwritten(self, shown: Tensor) -> None:
        """Raises `OutputError` where `shown`, a copy of the batch, is one no longer."""
        if changed(shown, self.batch):
            raise OutputError(
                f"{self.case.method}: wrote into the image it was shown; let it work on a copy (noisy.clone())"
            )


@dataclass(frozen=True)
class Figures:
    """What one restorer did to one image."""

    case: Case
    psnr_db: float
    degraded_psnr_db: float | None
    """Of the image as it was shown; None for upscalers."""
    ssim: float | None
    macs_per_pixel: float | None
    counter: str
    """Which counter found them, or why none did."""
    peak_bytes: int
    conventions: str
    restored: Tensor
    """(C, H, W)."""
    seconds: float | None = None
    """Median of the timed calls; None where none were timed."""

    def record(self) -> dict[str, object]:
        """What stands beside the times; infinite figures as text."""
        case = self.case
        facts = {name: getattr(case, name) for name in ("method", "variant", "channels", "height", "width", "scale")}
        facts |= {name: getattr(case, name) for name in ("image", "degradation", "sigma_255", "seed", "threads")}
        figures = {
            "psnr_db": self.psnr_db,
            "degraded_psnr_db": self.degraded_psnr_db,
            "ssim": self.ssim,
            "macs_per_pixel": self.macs_per_pixel,
            "macs_counter": self.counter,
            "peak_bytes": self.peak_bytes,
        }
        plain = {name: str(value) if value in {math.inf, -math.inf} else value for name, value in figures.items()}
        return {**facts, **plain, "conventions": self.conventions}


def prepared(
    restorer: object,
    image: Tensor | NDArray[Any] | Path | str,
    *,
    sigma_255: float = 25.0,
    scale: int = 0,
    seed: int = 0,
    options: Mapping[str, Option] | None = None,
) -> Trial:
    """`restorer` (a method's name, a `Method`, a torch module or a callable) built, and `image` degraded for it.

    Denoisers get noise of `sigma_255`, upscalers the image reduced by `scale` (0: the first they have). Raises
    `RestorationError` for what is no method or no image, and for an option or a size that the method does not have.
    """
    method = _method(restorer)
    picture = image_of(image)
    scale = scale or method.scales[0]
    clean = crop_to_multiple(picture.pixels, scale)
    channels, height, width = clean.shape
    upscales = method.task == "upscale"
    given = dict(options or {})
    case = Case(
        "quality", method.name, variant_of(given), options_text(given), method.task, channels, height, width, scale,
        threads=torch.get_num_threads(), image=picture.name, sigma_255=0.0 if upscales else float(sigma_255),
        degradation=usual(method.task), seed=seed,
    )  # fmt: skip
    restore = method.build(method.checked(case.setup()))
    return Trial(case, method, restore, clean, degraded(case, clean)[None])


def measured(trial: Trial) -> Figures:
    """Restores once, and says how well and at what cost; the time is taken elsewhere.

    Raises `OutputError` where what came back is no restored image, or where the restorer wrote into its input.
    """
    case, shown = trial.case, trial.batch.clone()
    with torch.inference_mode():
        output = checked(case.method, trial.restore(shown), trial.batch, scale=case.scale)
        trial.check_unwritten(shown)
        restored = in_range(case.method, output, trial.batch)[0]
        readings = [reading for reading in scores(case, restored, trial.clean) if isinstance(reading, Reading)]
        found = {reading.quantity: reading.value for reading in readings}
        peak = alive_at_once(trial.restore, shown)
    macs, counter = _operations(trial)
    denoised = case.task == "denoise"
    return Figures(
        case=case,
        psnr_db=float(found["psnr_db"] or 0.0),
        degraded_psnr_db=psnr(trial.batch[0], trial.clean) if denoised else None,
        ssim=found["ssim"],
        macs_per_pixel=macs,
        counter=counter,
        peak_bytes=round(peak),
        conventions=f"{_DENOISED if denoised else _UPSCALED}; {_ALL}",
        restored=restored.clone(),
    )


def timed(figures: Figures, seconds: float | None) -> Figures:
    """The same figures with the median time."""
    return replace(figures, seconds=seconds)


def _method(restorer: object) -> Method:
    if isinstance(restorer, Method):
        return restorer
    return get(restorer) if isinstance(restorer, str) else method_from(name_of(restorer), restorer)


def _operations(trial: Trial) -> tuple[float | None, str]:
    """Multiply-accumulates per output pixel with their counter, or none and why."""
    case = trial.case
    try:
        readings = count(trial.method, case.setup(), height=case.height, width=case.width)
    except Exception as error:  # noqa: BLE001 - it is shown images of other sizes, which it need not be able to restore
        return None, one_line(error)
    known = {one.part: one for one in readings if one.quantity == MACS}
    counted = (known[name] for name in _COUNTERS if known[name].value is not None)
    best = next(counted, None)
    return (best.value, best.part) if best else (None, known[_COUNTERS[-1]].note)
