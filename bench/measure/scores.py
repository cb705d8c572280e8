"""How a restored image is scored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bench.plan.case import Case, Reading
from restoration.errors import ShapeError

if TYPE_CHECKING:
    import torch


def scores(case: Case, restored: torch.Tensor, clean: torch.Tensor) -> Iterator[Reading]:
    """PSNR, SSIM, residual deviation and mean offset of `restored` (C, sH, sW) against `clean`.

    Denoising is scored as it comes, neither clipped nor rounded, on all channels and pixels; upscaling clipped and
    rounded to 8 bits, on luma, with `scale` pixels removed at each border.
    """
    from restoration.degradation import align, crop_to_multiple
    from restoration.quality import luma, mean_offset, psnr, quantize, residual_std, ssim

    restored, shave = restored.float(), 0
    if case.task == "upscale":
        clean, shave = crop_to_multiple(clean, case.scale), case.scale
        restored = quantize(align(restored, case.degradation, scale=case.scale))
        if case.channels == 3:  # noqa: PLR2004 - RGB
            restored, clean = luma(restored), luma(clean)
    yield Reading("psnr_db", psnr(restored, clean, shave=shave), "dB")
    try:
        yield Reading("ssim", ssim(restored, clean, shave=shave))
    except ShapeError as error:  # smaller than its window; all else can be had
        yield Reading("ssim", None, note=str(error))
    yield Reading("residual_std_255", 255 * residual_std(restored, clean, shave=shave), "1/255")
    yield Reading("mean_offset_255", 255 * mean_offset(restored, clean, shave=shave), "1/255")
