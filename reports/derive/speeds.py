"""Raw samples of time -> the median of each case with its interval, and its operations."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.derive.intervals import median_high, median_low
from reports.read.tables import SETUP

MEGAPIXEL = 1e6

COUNTED = ["label", "scale", "channels"]
"""What decides how many operations a pixel takes."""

SPEED_CASE = ["label", *SETUP]
"""What makes a timed case."""


def speeds(time: pd.DataFrame) -> pd.DataFrame:
    """Median seconds of each timed case (labelled) with its interval and n; `build` and `first` apart.

    Only the usual number of threads is kept (see `by_threads` for the others), and the least batch (see
    `reports.derive.latency`): `threads` and `batch` are constant columns.
    """
    measured = by_threads(time)
    if measured.empty:
        return measured.iloc[:0]
    usual = measured["threads"] == measured["threads"].mode().iloc[0]
    kept: pd.DataFrame = measured[usual].reset_index(drop=True)
    return kept


def by_threads(time: pd.DataFrame) -> pd.DataFrame:
    """As `speeds`, for every number of threads."""
    table = time[np.isfinite(time["seconds"])]
    table = table[table["batch"] == table["batch"].min()]
    measured = measured_calls(table).groupby(SPEED_CASE, observed=True, sort=False)["seconds"]
    result: pd.DataFrame = measured.agg(median="median", n="size", low=median_low, high=median_high).reset_index()
    for phase in ("build", "first"):
        once = table[table["phase"] == phase].groupby(SPEED_CASE, observed=True, sort=False)["seconds"].median()
        result = result.merge(once.rename(phase).reset_index(), on=SPEED_CASE, how="left")
    pixels = result["height"] * result["width"]
    whole = (pixels * result["batch"]).where(pixels > 0)
    return result.assign(pixels=pixels, per_megapixel=result["median"] / whole * MEGAPIXEL)


def measured_calls(time: pd.DataFrame) -> pd.DataFrame:
    """The samples that enter medians: warm calls, with a finite and positive time."""
    samples: pd.DataFrame = time[(time["phase"] == "measure") & np.isfinite(time["seconds"]) & (time["seconds"] > 0)]
    return samples


def with_operations(timed: pd.DataFrame, cost: pd.DataFrame) -> pd.DataFrame:
    """`timed` with `macs` of the whole call, where its operations are known."""
    one = counted_once(cost, COUNTED)[[*COUNTED, "macs_per_pixel"]]
    joined = timed.merge(one, on=COUNTED, how="inner")
    return joined.assign(macs=joined["macs_per_pixel"] * joined["pixels"] * joined["batch"])


def counted_once(cost: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """The lines of `cost` that count, one for each of `keys`: by the closed form, or else by fvcore or torch."""
    counted = cost[cost["counter"].notna()]
    counted = counted[counted["counter"].isin(["closed_form", "fvcore", "torch"]) & (counted["macs_per_pixel"] > 0)]
    order = counted["counter"].map({"closed_form": 0, "fvcore": 1, "torch": 2})
    ranked = counted.assign(order=order.astype(int)).sort_values("order", kind="stable")
    return ranked.drop_duplicates(keys)
