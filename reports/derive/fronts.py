"""Quality against time, and the front: the methods that no other beats in both."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from reports.derive.scores import RIVALS
from reports.derive.speeds import MEGAPIXEL
from reports.read.metrics import Metric

REFERENCE_PIXELS = 512 * 512
_TIMED = ("per_megapixel", "time_low", "time_high", "height", "width")


def tradeoff(
    lines: pd.DataFrame, timed: pd.DataFrame, failed: pd.DataFrame, metrics: Iterable[Metric] = ()
) -> pd.DataFrame:
    """`lines` of a comparison with the speed of each label measured nearest to 512 x 512, NaN where none was.

    `front` is true where nothing that is compared on the same board is both faster and better in PSNR, `front_NAME`
    the same of each of `metrics`. `time_error` is the first error of the label in `failed`, what failed when timed.
    """
    distance = np.abs(np.log(timed["pixels"].where(timed["pixels"] > 0) / REFERENCE_PIXELS))
    nearest = timed.assign(distance=distance).sort_values("distance", kind="stable")
    per = MEGAPIXEL / nearest["pixels"]
    nearest = nearest.assign(time_low=nearest["low"] * per, time_high=nearest["high"] * per)
    setup = ["label", "scale", "channels"]
    both = lines.merge(nearest[[*setup, *_TIMED]].drop_duplicates(setup), on=setup, how="left")
    rivals = both["compared"].astype(bool) & (both["per_megapixel"] > 0)
    errors = failed.astype({"error": object}).drop_duplicates(setup)[[*setup, "error"]]
    named = both.merge(errors.rename(columns={"error": "time_error"}), on=setup, how="left")
    found = {f"front_{one.name}": _fronts(both[rivals], one.name, least=one.least) for one in metrics}
    fronts = {"front": _fronts(both[rivals]), **found}
    there = {name: front.reindex(both.index, fill_value=False) for name, front in fronts.items()}
    return named.assign(**there, time_error=named["time_error"].fillna(""))


def _fronts(table: pd.DataFrame, score: str = "psnr_db", *, least: bool = False) -> pd.Series[bool]:
    """True where nothing on the same board is both faster and better."""
    front = pd.Series(data=False, index=table.index)
    for places in table.groupby([*RIVALS, "board"], observed=True).indices.values():
        group = table.iloc[places].sort_values(["per_megapixel", score], ascending=[True, least])
        best = group[score].cummin() if least else group[score].cummax()
        rising = (group[score] == best) & ~best.duplicated()
        front[group.index[rising]] = True
    return front
