"""Raw samples of time -> percentiles of each case with their intervals, images per second, and cold starts.

Percentiles are those of NumPy's `quantile`, linear between the two samples nearest to it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.derive.intervals import quantile_bounds
from reports.derive.speeds import SPEED_CASE, measured_calls
from reports.read.tables import table_of

PERCENTILES = (50, 90, 99)

ONCE = ("build", "first", "cold")
"""Phases whose median stands beside the percentiles."""

COLUMNS = [
    *SPEED_CASE, "n", "means",
    *(f"p{percent}{end}" for percent in PERCENTILES for end in ("", "_low", "_high")),
    "per_image", "images_per_second", *ONCE,
]  # fmt: skip

_TIMES = tuple(name for name in COLUMNS if name.startswith("p") and name[1:3].isdigit()) + ONCE


def with_units(table: pd.DataFrame) -> pd.DataFrame:
    """`table` (of `latencies`) as it is written to a file: the unit of each time is in its name."""
    return table.rename(columns={**{name: f"{name}_seconds" for name in _TIMES}, "per_image": "seconds_per_image"})


def latencies(time: pd.DataFrame) -> pd.DataFrame:
    """One line for each timed case (labelled), of every batch and number of threads, from its warm calls.

    `per_image` is the median over the batch, `images_per_second` the batch over the median. `means` says where a sample
    is the mean of several calls: the percentiles are then those of means.
    """
    own = time[np.isfinite(time["seconds"])]
    once = own[own["phase"].isin(ONCE)].groupby([*SPEED_CASE, "phase"], observed=True)["seconds"].median()
    lines = []
    for case, samples in measured_calls(own).groupby(SPEED_CASE, observed=True, sort=False):
        seconds, batch = samples["seconds"], float(samples["batch"].iloc[0])
        found: list[float] = []
        for percent in PERCENTILES:
            found += [float(np.percentile(seconds, percent)), *quantile_bounds(seconds, percent / 100)]
        phases = [float(once.get((*case, phase), np.nan)) for phase in ONCE]
        means = str(samples["note"].iloc[0] or "")
        lines.append([*case, len(seconds), means, *found, found[0] / batch, batch / found[0], *phases])
    table = table_of([], COLUMNS) if not lines else pd.DataFrame(lines, columns=COLUMNS)
    return table.astype({"label": object, "means": object})
