"""Quality against time, and the front: what nothing beats in both, and of PSNR the steps that are sure to gain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from reports.derive.apart import not_surely_worse
from reports.derive.choice import Candidate, front as front_of, three_digits
from reports.derive.scores import RIVALS, per_image
from reports.derive.speeds import MEGAPIXEL
from reports.read.metrics import Metric
from reports.read.tables import lines_of

REFERENCE_PIXELS = 512 * 512

_TIMED = ("per_megapixel", "time_low", "time_high", "height", "width")


def tradeoff(
    lines: pd.DataFrame,
    counted: pd.DataFrame,
    timed: pd.DataFrame,
    failed: pd.DataFrame,
    metrics: Iterable[Metric] = (),
) -> pd.DataFrame:
    """`lines` of a comparison with the speed of each label measured nearest to 512 x 512, NaN where none was.

    `front` is true for the steps of each board, as `choice.front` finds them by the scores `counted`; `front_NAME`
    where nothing is both faster and better by that one of `metrics`. `time_error` is the first error of the label in
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
    """True for each step of the front of its board; the inputs themselves are none."""
    front = pd.Series(data=False, index=table.index)
    rivals = table[table["psnr_db"].notna() & (table["method"] != "noisy")]
    for places in rivals.groupby([*RIVALS, "board"], observed=True).indices.values():
        group = rivals.iloc[places]
        unsure = not_surely_worse(per_image(counted, group))
        steps = {one.name for one in front_of(_way(line, unsure) for line in lines_of(group))}
        front[group.index[group["label"].astype(str).isin(steps)]] = True
    return front


def _way(line: Any, unsure: Mapping[str, frozenset[str]]) -> Candidate:
    """A line with its PSNR and time as they are written."""
    name, ms = str(line.label), three_digits(1e3 * line.per_megapixel)
    return Candidate(name, "", "", 0.0, db=round(float(line.psnr_db), 2), ms=ms, unsure=unsure[name])
