"""The machine's limits, and how much of them each timed case reached."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from reports.derive.speeds import COUNTED
from reports.derive.summary import Summary


def intensities(summary: Summary) -> pd.DataFrame:
    """Each timed case with the billions of multiply-adds a second it reached and its multiply-adds per byte.

    A fast algorithm is credited with what it multiplies, not with what the direct one would.
    """
    counted = summary.named["cost"]
    known = counted[counted["intensity_macs_per_byte"] > 0].drop_duplicates(COUNTED)
    columns = [*COUNTED, "intensity_macs_per_byte", "executed_macs_per_pixel"]
    joined = summary.operations.merge(known[columns], on=COUNTED)
    done = (joined["executed_macs_per_pixel"] / joined["macs_per_pixel"]).fillna(1.0)
    speed = joined["macs"] * done / joined["median"] / 1e9
    return joined.assign(gops=speed, intensity=joined["intensity_macs_per_byte"] * done)


@dataclass(frozen=True)
class Roof:
    """The machine's limits as the run's probe measured them, in billions a second."""

    peaks: Mapping[str, float]
    """Multiply-adds by data type or kernel, the highest first; empty where no probe ran."""
    bandwidth: float
    """Bytes."""

    def limit(self, dtype: str, intensity: float) -> float:
        """What work in `dtype` of so many multiply-adds per byte can reach; NaN where nothing was probed in it."""
        return min(self.peaks[dtype], self.bandwidth * intensity) if dtype in self.peaks else math.nan


def roof_of(summary: Summary) -> Roof:
    """The limits in the rows of the experiment `roofline`: the best kernel counts for each data type."""
    table = summary.tables["experiment"]
    own = table[(table["experiment"] == "roofline") & (table["value"] > 0)].astype({"quantity": object, "part": object})
    operations = own[own["quantity"].isin(["macs_per_second", "flops_per_second"])]
    factor = operations["quantity"].map({"macs_per_second": 1e9, "flops_per_second": 2e9}).astype(float)
    best = (operations["value"] / factor).groupby(operations["part"]).max().sort_values(ascending=False)
    moved = own.loc[own["quantity"] == "bytes_per_second", "value"]
    return Roof(
        {str(part): float(peak) for part, peak in best.head(4).items()},
        float(moved.max()) / 1e9 if len(moved) else math.inf,
    )
