"""Joules of one call -> joules per megapixel: by counter, and of all counters of a case together."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from reports.derive.speeds import MEGAPIXEL

_CASE = ["label", "scale", "channels", "height", "width"]


def per_megapixel(energy: pd.DataFrame) -> pd.DataFrame:
    """`energy` (labelled, without failed cases) with `joules_per_megapixel`; the lines without joules are left out."""
    read = energy[energy["joules"] > 0]
    pixels = read["batch"] * read["height"] * read["width"]
    return read.assign(joules_per_megapixel=read["joules"] / pixels.where(pixels > 0) * MEGAPIXEL)


def by_case(energy: pd.DataFrame, timed: pd.DataFrame) -> Mapping[tuple[object, ...], float]:
    """Joules per megapixel of all counters together, by label, scale, channels, height and width.

    Of the threads and batches in `timed` (of `speeds`) alone; a counter's value is the mean over what else cases of one
    key differ in, sigma for instance. A case of which one of the counters had no value is left out: its sum would be
    too small.
    """
    own = energy[energy["threads"].isin(timed["threads"]) & energy["batch"].isin(timed["batch"])]
    partial = own.loc[~(own["joules"] > 0), _CASE].drop_duplicates()
    means = per_megapixel(own).groupby([*_CASE, "counter"], observed=True, sort=False)["joules_per_megapixel"].mean()
    sums = means.groupby(level=_CASE, sort=False).sum()
    left = [tuple(line) for line in partial.itertuples(index=False)]
    return {key: float(value) for key, value in sums.items() if isinstance(key, tuple) and key not in left}
