"""Quality against time, and the front: the methods that no other beats in both."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.derive.intervals import difference
from reports.derive.scores import RIVALS, per_image
from reports.derive.speeds import MEGAPIXEL

REFERENCE_PIXELS = 512 * 512
LEAST_GAIN_DB = 0.01
"""A smaller gain is no step of a front, however sure it is: two decimals do not show it."""

_TIMED = ("per_megapixel", "time_low", "time_high", "height", "width")


def tradeoff(lines: pd.DataFrame, counted: pd.DataFrame, timed: pd.DataFrame, failed: pd.DataFrame) -> pd.DataFrame:
    """`lines` of a comparison with the speed of each label measured nearest to 512 x 512, NaN where none was.

    `front` is true for the fastest on a board, and for what is better than all that are faster: by `LEAST_GAIN_DB` and,
    where there are several images, so that the interval of the difference over images (of the scores `counted`) lies
    above zero. `time_error` is the first error of the label in `failed`, the timed cases that failed.
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
    front = _fronts(both[rivals], counted).reindex(both.index, fill_value=False)
    return named.assign(front=front, time_error=named["time_error"].fillna(""))


def _fronts(table: pd.DataFrame, counted: pd.DataFrame) -> pd.Series[bool]:
    """True for each step of the front of its board."""
    front = pd.Series(data=False, index=table.index)
    for places in table.groupby([*RIVALS, "board"], observed=True).indices.values():
        group = table.iloc[places].sort_values(["per_megapixel", "psnr_db"], ascending=[True, False])
        wide, steps = per_image(counted, group), list[str]()
        for label in group["label"].astype(str):
            if not steps or _surely_better(wide[label], wide[steps[-1]]):
                steps.append(label)
        front[group.index[group["label"].isin(steps)]] = True
    return front


def _surely_better(one: pd.Series[float], other: pd.Series[float]) -> bool:
    gain = difference(one, other)
    return gain.mean >= LEAST_GAIN_DB and not gain.low <= 0
