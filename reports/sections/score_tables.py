"""What the tables of denoisers, upscalers and of quality against time share: the columns of a score, and each image."""

from __future__ import annotations

import pandas as pd

from reports.derive.scores import at_best_ratio, scored_alike
from reports.derive.summary import Summary
from reports.draw.columns import columns
from reports.draw.grid import Columns, Grid, grid
from reports.sections.section import Material

SCORE_COLUMNS = columns(
    "label degradation scale sigma_255 ratio psnr_db low high ssim residual_std_255 mean_offset_255 n"
)


def without(*names: str) -> Columns:
    """The columns of a score but those named."""
    return {name: column for name, column in SCORE_COLUMNS.items() if name not in names}


def best_of(summary: Summary, task: str) -> pd.DataFrame:
    """The methods of one task, each at its best ratio."""
    return at_best_ratio(summary.scored[summary.scored["task"] == task])


def image_grid(material: Material, task: str) -> Grid:
    """Each image's own scores, the best ratio of the mean used for all."""
    best = best_of(material.summary, task)
    own = scored_alike(material.summary.named["quality"], best).astype({"image": object})
    own = own.sort_values(["image", "sigma_255", "psnr_db"])
    return grid(f"{task}-images", "Each image", own, {**columns("image"), **without("low", "high", "n")})
