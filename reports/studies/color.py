"""Colour denoising: the PSNR of each variant on each colour image."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from reports.derive.intervals import difference
from reports.studies.study import Study, decibels, of

TITLE = "Colour"
PLACE = 4
NEEDS = "psnr_db"


def study(table: pd.DataFrame) -> Study:
    """One figure; the means, and what the colour transform changes."""
    psnr = of(table, "psnr_db")
    wide = psnr.assign(label=[_variant(*line) for line in psnr[["label", "options"]].itertuples(index=False)])
    wide = wide.pivot_table(index="image", columns="label", values="value", sort=False)
    sheet = decibels(wide, "PSNR over red, green and blue (dB)", most=22)
    listed = ", ".join(f"{label} {value:.2f} dB" for label, value in wide.mean().sort_values().items())
    chart = sheet.chart("color-psnr", f"Colour denoising, sigma {psnr['sigma_255'].iloc[0]:g}", f"Means: {listed}.")
    return Study((chart,), (f"Means over {len(wide)} images: {listed}.", *_transform_words(wide)))


def _variant(label: str, options: str) -> str:
    return f"{label}, colour transform" if '"opp"' in options else label.replace("color transform none", "per channel")


def _transform_words(wide: pd.DataFrame) -> Iterator[str]:
    with_it = [label for label in wide if str(label).endswith(", colour transform")]
    without = [label for label in wide if str(label).endswith("per channel")]
    if with_it and without:
        gain = difference(wide[with_it[0]], wide[without[0]])
        reach = f"95 % from {gain.low:+.2f} to {gain.high:+.2f}"
        yield f"The colour transform changes the DCT by {gain.mean:+.2f} dB ({reach})."
