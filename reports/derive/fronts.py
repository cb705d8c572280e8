"""Quality against time, and the front: what nothing beats in both, and of PSNR the steps that are sure to gain."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from reports.derive.intervals import difference
from reports.derive.scores import RIVALS, per_image
from reports.derive.speeds import MEGAPIXEL
from reports.read.metrics import Metric

REFERENCE_PIXELS = 512 * 512
LEAST_GAIN_DB = 0.01
"""A smaller gain is no step of a front, however sure it is: two decimals do not show it."""

_TIMED = ("per_megapixel", "time_low", "time_high", "height", "width")


def tradeoff(
    lines: pd.DataFrame,
    counted: pd.DataFrame,
    timed: pd.DataFrame,
    failed: pd.DataFrame,
    metrics: Iterable[Metric] = (),
) -> pd.DataFrame:
    """`lines` of a comparison with the speed of each label measured nearest to 512 x 512, NaN where none was.

    `front` is true for steps on a board: the fastest with a PSNR, and of those with a higher mean than all that are
    faster each that is better than the step before it, by `LEAST_GAIN_DB` and, where there are several images, so that
    the interval of the difference over images (of the scores `counted`) lies above zero. `front_NAME` is true where
    nothing is both faster and better by that one of `metrics`. `time_error` is the first error of the label in
    `failed`, the timed cases that failed.
    """
    distance = np.abs(np.log(timed["pixels"].where(timed["pixels"] > 0) / REFERENCE_PIXELS))
    nearest = timed.assign(distance=distance).sort_values("distance", kind="stable")
    per = MEGAPIXEL / (nearest["pixels"] * nearest["batch"])
    nearest = nearest.assign(time_low=nearest["low"] * per, time_high=nearest["high"] * per)
    setup = ["label", "scale", "channels"]
    both = lines.merge(nearest[[*setup, *_TIMED]].drop_duplicates(setup), on=setup, how="left")
    rivals = both["compared"].astype(bool) & (both["per_megapixel"] > 0)
    errors = failed.astype({"error": object}).drop_duplicates(setup)[[*setup, "error"]]
    named = both.merge(errors.rename(columns={"error": "time_error"}), on=setup, how="left")
    found = {f"front_{one.name}": _best(both[rivals], one.name, least=one.least) for one in metrics}
    fronts = {"front": _steps(both[rivals], counted), **found}
    there = {name: front.reindex(both.index, fill_value=False) for name, front in fronts.items()}
    return named.assign(**there, time_error=named["time_error"].fillna(""))


def _best(table: pd.DataFrame, score: str, *, least: bool) -> pd.Series[bool]:
    """True where nothing on the same board is both faster and better."""
    front = pd.Series(data=False, index=table.index)
    for places in table.groupby([*RIVALS, "board"], observed=True).indices.values():
        group = table.iloc[places].sort_values(["per_megapixel", score], ascending=[True, least])
        best = group[score].cummin() if least else group[score].cummax()
        rising = (group[score] == best) & ~best.duplicated()
        front[group.index[rising]] = True
    return front


def _steps(table: pd.DataFrame, counted: pd.DataFrame) -> pd.Series[bool]:
    """True for each step of the front of its board."""
    front = pd.Series(data=False, index=table.index)
    rising = table[_best(table, "psnr_db", least=False)]
    for places in rising.groupby([*RIVALS, "board"], observed=True).indices.values():
        group = rising.iloc[places].sort_values("per_megapixel")
        wide, steps = per_image(counted, group), list[str]()
        for label in group["label"].astype(str):
            if not steps or _surely_better(wide[label], wide[steps[-1]]):
                steps.append(label)
        front[group.index[group["label"].isin(steps)]] = True
    return front


def _surely_better(one: pd.Series[float], other: pd.Series[float]) -> bool:
    gain = difference(one, other)
    return gain.mean >= LEAST_GAIN_DB and not gain.low <= 0
