"""Methods timed in turn -> ratios of their times."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.derive.intervals import bootstrap_mean
from reports.read.tables import table_of


def peer_ratios(paired: pd.DataFrame) -> pd.DataFrame:
    """Time of each peer over the first one's of its group: geometric mean and bootstrap interval over rounds."""
    table = paired[np.isfinite(paired["seconds"]) & (paired["seconds"] > 0)]
    lines: list[dict[str, object]] = []
    for (group, height, width), members in table.groupby(["group", "height", "width"], observed=True, sort=False):
        rounds = members.pivot_table(index="block", columns="label", values="seconds", aggfunc="median", sort=False)
        base = rounds.columns[0]
        for label in rounds.columns[1:]:
            logs = np.log(rounds[label] / rounds[base]).dropna().to_numpy()
            mean, low, high = bootstrap_mean(logs)
            lines.append(
                {
                    "group": group,
                    "height": height,
                    "width": width,
                    "base": base,
                    "label": label,
                    "ratio": np.exp(mean),
                    "low": np.exp(low),
                    "high": np.exp(high),
                    "rounds": len(logs),
                    "seconds": rounds[label].median(),
                    "base_seconds": rounds[base].median(),
                }
            )
    columns = ["group", "height", "width", "base", "label", "ratio", "low", "high", "rounds", "seconds", "base_seconds"]
    return table_of(lines, columns)
