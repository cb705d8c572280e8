"""Many threshold ratios by one transform that they share, compared with one call for each."""

from __future__ import annotations

import pandas as pd

from reports.draw.number_text import seconds_text, times_text
from reports.studies.curves import curves
from reports.studies.study import Study, of

NEEDS = "seconds"


def study(table: pd.DataFrame) -> Study:
    """Seconds by round; how much faster the shared transform is, and whether its outputs are the same."""
    seconds = of(table, "seconds")
    rounds = {str(part): own.set_index("repeat")["value"] for part, own in seconds.groupby("part", sort=False)}
    middle = {part: float(values.median()) for part, values in rounds.items()}
    charts = tuple(curves(seconds, "ratio-sweep"))
    if set(middle) != {"shared", "dense"}:
        return Study(charts, tuple(chart.finding for chart in charts[:2]))
    shared = f"{seconds['note'].iloc[0]} take {seconds_text(middle['shared'])} where they share one transform"
    dense = f"{seconds_text(middle['dense'])} one by one through the dense reference"
    times = times_text(middle["dense"] / middle["shared"])
    faster = f"{shared} and {dense}: {times} as fast, by the medians of {len(rounds['shared'])} rounds."
    off = of(table, "difference_255")["value"]
    same = f"No pixel of their outputs differs by more than {off.max():.2g} / 255." if len(off) else ""
    return Study(charts, tuple(word for word in (faster, same) if word))
