"""What the tables of denoisers, upscalers and of quality against time share: the columns of a score, and each image."""

from __future__ import annotations

from reports.derive.scores import at_best_ratio, scored_alike
from reports.draw.grid import Columns, Grid, count_cell, grid, interval_columns, number_cell, text_cell
from reports.sections.section import Material

SCORE_COLUMNS: Columns = {
    "label": ("method", text_cell),
    "degradation": ("degradation", text_cell),
    "scale": ("scale", number_cell("g")),
    "sigma_255": ("sigma (/ 255)", number_cell("g")),
    "ratio": ("ratio", number_cell("g")),
    "psnr_db": ("PSNR (dB)", number_cell(".2f")),
    **interval_columns(number_cell(".2f")),
    "ssim": ("SSIM", number_cell(".4f")),
    "residual_std_255": ("residual deviation (/ 255)", number_cell(".2f")),
    "mean_offset_255": ("mean offset (/ 255)", number_cell("+.2f")),
    "n": ("n", count_cell),
}


def without(*names: str) -> Columns:
    """The columns of a score but those named."""
    return {name: column for name, column in SCORE_COLUMNS.items() if name not in names}


def image_grid(material: Material, task: str) -> Grid:
    """Each image's own scores, the best ratio of the mean used for all."""
    scored = material.summary.scored
    best = at_best_ratio(scored[scored["task"] == task])
    own = scored_alike(material.summary.named["quality"], best).astype({"image": object})
    own = own.sort_values(["image", "sigma_255", "psnr_db"])
    return grid(f"{task}-images", "Each image", own, {"image": ("image", text_cell), **without("low", "high", "n")})
