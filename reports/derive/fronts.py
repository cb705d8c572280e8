"""Quality against time, and the front: the methods that no other beats in both."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.derive.scores import RIVALS
from reports.derive.speeds import MEGAPIXEL

REFERENCE_PIXELS = 512 * 512
_TIMED = ("per_megapixel", "time_low", "time_high", "height", "width")


def tradeoff(lines: pd.DataFrame, timed: pd.DataFrame, failed: pd.DataFrame) -> pd.DataFrame:
    """`lines` of a comparison with the speed of each label measured nearest to 512 x 512, NaN where none was.

    `front` is true where nothing that is compared on the same board is both faster and better. `time_error` is the
    first error of the label in `failed`, the timed cases that failed.
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
    front = _fronts(both[rivals]).reindex(both.index, fill_value=False)
    return named.assign(front=front, time_error=named["time_error"].fillna(""))


def _fronts(table: pd.DataFrame) -> pd.Series[bool]:
    """True where nothing on the same board is both faster and better."""
    front = pd.Series(data=False, index=table.index)
    for places in table.groupby([*RIVALS, "board"], observed=True).indices.values():
        group = table.iloc[places].sort_values(["per_megapixel", "psnr_db"], ascending=[True, False])
        best = group["psnr_db"].cummax()
        rising = (group["psnr_db"] == best) & ~best.duplicated()
        front[group.index[rising]] = True
    return front
