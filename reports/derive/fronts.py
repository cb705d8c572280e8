"""Quality against time, and the front: the methods that no other beats in both."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.derive.scores import at_best_ratio
from reports.derive.speeds import MEGAPIXEL

REFERENCE_PIXELS = 512 * 512
_TIMED = ("per_megapixel", "time_low", "time_high", "height", "width")


def tradeoff(scored: pd.DataFrame, timed: pd.DataFrame) -> pd.DataFrame:
    """Quality and time: each label at its best ratio, with the speed measured nearest to 512 x 512.

    `whole` is false where a label was scored on fewer images than others of its group: its mean is another mean, and it
    cannot be on the front.
    """
    best = at_best_ratio(scored)
    if timed.empty or best.empty:
        return best.iloc[:0].assign(**dict.fromkeys(_TIMED, 0.0), whole=False, front=False)
    distance = np.abs(np.log(timed["pixels"].where(timed["pixels"] > 0) / REFERENCE_PIXELS))
    nearest = timed.assign(distance=distance).sort_values("distance", kind="stable")
    per = MEGAPIXEL / nearest["pixels"]
    nearest = nearest.assign(time_low=nearest["low"] * per, time_high=nearest["high"] * per)
    columns = ["label", "scale", "channels", *_TIMED]
    exact = best.merge(
        nearest[columns].drop_duplicates(["label", "scale", "channels"]), on=["label", "scale", "channels"]
    )
    case = ["task", "degradation", "sigma_255", "scale", "channels"]
    whole = exact["images"] == exact.groupby(case, observed=True)["images"].transform("max")
    return exact.assign(whole=whole, front=_fronts(exact[whole]).reindex(exact.index, fill_value=False))


def _fronts(table: pd.DataFrame) -> pd.Series[bool]:
    """True where nothing in the same group is both faster and better."""
    front = pd.Series(data=False, index=table.index)
    case = ["task", "degradation", "sigma_255", "scale", "channels"]
    for places in table.groupby(case, observed=True).indices.values():
        group = table.iloc[places].sort_values(["per_megapixel", "psnr_db"], ascending=[True, False])
        best = group["psnr_db"].cummax()
        rising = (group["psnr_db"] == best) & ~best.duplicated()
        front[group.index[rising]] = True
    return front
