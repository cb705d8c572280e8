"""How a restored image is scored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bench.errors import one_line
from bench.plan.case import GIVEN, Case, FailedReading, Reading

if TYPE_CHECKING:
    import torch

    from restoration.metrics import Metric


def scores(case: Case, restored: torch.Tensor, clean: torch.Tensor | None) -> Iterator[Reading | FailedReading]:
    """The case's metrics of `restored` (C, sH, sW) against `clean`; without it, of those that need no reference.

    Denoising is scored as it comes, neither clipped nor rounded, on all channels and pixels; upscaling clipped and
    rounded to 8 bits, on luma, with `scale` pixels removed at each border. A metric that fails takes no other with it.
    """
    from restoration.metrics import chosen

    restored, clean = _as_scored(case, restored, clean)
    for metric in chosen(case.metric_names()):
        yield _score(metric, restored, clean)


def _as_scored(
    case: Case, restored: torch.Tensor, clean: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor | None]:
    from restoration.degradation import crop_to_multiple
    from restoration.degradations import align
    from restoration.quality import luma, quantize, shaved

    if case.task != "upscale":
        return restored.float(), clean
    found = restored.float()
    restored = quantize(found if case.degradation == GIVEN else align(found, case.degradation, scale=case.scale))
    both = [restored] if clean is None else [restored, crop_to_multiple(clean, case.scale)]
    if case.channels == 3:  # noqa: PLR2004 - RGB
        both = [luma(image) for image in both]
    first, *rest = (shaved(image, case.scale) for image in both)
    return first, rest[0] if rest else None


def _score(metric: Metric, restored: torch.Tensor, clean: torch.Tensor | None) -> Reading | FailedReading:
    height, width = restored.shape[-2:]
    if min(height, width) < metric.smallest:
        small = f"needs at least {metric.smallest} pixels a side, got {height} x {width}"
        return Reading(metric.name, None, metric.unit, note=f"{metric.title or metric.name} {small}")
    if why := metric.missing():
        return Reading(metric.name, None, metric.unit, note=why)
    try:
        return Reading(metric.name, metric(restored, clean), metric.unit)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a user's metric may fail in any way; the others are kept
        said = one_line(error)
        named = said if metric.name in said else f"metric {metric.name}: {said}"
        return FailedReading(metric.name, named, metric.unit)
