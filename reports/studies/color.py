"""Colour denoising: the PSNR of each variant on each colour image."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from reports.derive.intervals import difference
from reports.draw.look import Palette
from reports.draw.number_text import counted, gain_text
from reports.studies.study import Study, decibels, of

TITLE = "Colour"
PLACE = 4
NEEDS = "psnr_db"

_TRANSFORMED, _PLAIN = ", colour transform", ", per channel"


def study(table: pd.DataFrame) -> Study:
    """One figure; the means over what all variants have, and what the colour transform changes."""
    psnr = of(table, "psnr_db")
    sigmas = ", ".join(f"{sigma:g}" for sigma in sorted(psnr["sigma_255"].unique()))
    one = len(psnr["sigma_255"].unique()) == 1
    place = psnr["image"] if one else psnr["image"] + psnr["sigma_255"].map(", sigma {:g}".format)
    named = [_variant(*line) for line in psnr[["label", "options"]].itertuples(index=False)]
    wide = psnr.assign(label=named, place=place)
    wide = wide.pivot_table(index="place", columns="label", values="value", sort=False)
    sheet = decibels(
        wide, "PSNR over red, green and blue (dB)", Palette(zip(psnr["method"], named, strict=True)), most=22
    )
    means = _means(wide, "image" if one else "case")
    chart = sheet.chart("color-psnr", f"Colour denoising, sigma {sigmas}", means, columns=2)
    return Study((chart,), (means, *_transform_words(wide)))


def _means(wide: pd.DataFrame, what: str) -> str:
    """The mean of each variant over the images that all have."""
    whole = wide.dropna()
    if whole.empty:
        return "No image was restored by all variants, so there are no means to compare."
    listed = ", ".join(f"{label} {value:.2f} dB" for label, value in whole.mean().sort_values().items())
    fewer = f", of {len(wide)}, that all variants restored" if len(whole) < len(wide) else ""
    return f"Means over {counted(len(whole), what)}{fewer}: {listed}."


def _variant(label: str, options: str) -> str:
    bare = label.removesuffix(", color transform none")
    if '"color_transform":"opp"' in options:
        return f"{bare.removesuffix(', color transform opp')}{_TRANSFORMED}"
    return f"{bare}{_PLAIN}" if bare != label else label


def _transform_words(wide: pd.DataFrame) -> Iterator[str]:
    """What the transform changes of each method that was run with and without it."""
    for label in map(str, wide):
        bare = label.removesuffix(_TRANSFORMED)
        if label != bare and f"{bare}{_PLAIN}" in wide:
            gain = difference(wide[label], wide[f"{bare}{_PLAIN}"])
            reach = (
                f"95 % from {gain_text(gain.low)} to {gain_text(gain.high)}" if gain.n > 1 else counted(gain.n, "image")
            )
            yield f"The colour transform changes {bare} by {gain_text(gain.mean)} dB ({reach})." if gain.n else ""
