"""Methods timed in turn -> ratios of their times."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.derive.intervals import bootstrap_mean
from reports.derive.speeds import measured_calls
from reports.read.tables import table_of


def peer_ratios(paired: pd.DataFrame) -> pd.DataFrame:
    """Time of each peer over the first one's of its group: geometric mean and bootstrap interval over rounds."""
    table = measured_calls(paired)
    lines: list[tuple[object, ...]] = []
    for (group, height, width), members in table.groupby(["group", "height", "width"], observed=True, sort=False):
        rounds = members.pivot_table(index="block", columns="label", values="seconds", sort=False)
        base = rounds.columns[0]
        for label in rounds.columns[1:]:
            logs = np.log((rounds[label] / rounds[base]).dropna().to_numpy())
            ratio = np.exp(bootstrap_mean(logs))
            seconds = rounds[[label, base]].median()
            lines.append((group, height, width, base, label, *ratio, len(logs), *seconds))
    columns = ["group", "height", "width", "base", "label", "ratio", "low", "high", "rounds", "seconds", "base_seconds"]
    return table_of(lines, columns)
