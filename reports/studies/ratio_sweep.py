"""Many threshold ratios by one transform that they share, compared with one call for each."""

from __future__ import annotations

import pandas as pd

from reports.draw.number_text import at_most_text, counted, fast_text, seconds_text
from reports.studies.curves import curves
from reports.studies.study import Study, of

TITLE = "Many threshold ratios by one transform"
NEEDS = "seconds"


def study(table: pd.DataFrame) -> Study:
    """Seconds by round; how much faster the shared transform is, and whether its outputs are the same."""
    seconds = of(table, "seconds")
    rounds = {str(part): own.set_index("repeat")["value"] for part, own in seconds.groupby("part", sort=False)}
    middle = {part: float(values.median()) for part, values in rounds.items()}
    charts = tuple(curves(seconds, "ratio-sweep", along="round"))
    if set(middle) != {"shared", "dense"}:
        return Study(charts, tuple(chart.finding for chart in charts[:2]))
    what, least = seconds["note"].iloc[0] or "The ratios", min(map(len, rounds.values()))
    shared = f"{what} take {seconds_text(middle['shared'])} where they share one transform"
    dense = f"{seconds_text(middle['dense'])} one by one through the dense reference"
    speed = fast_text(middle["dense"] / middle["shared"], "one by one")
    faster = f"{shared} and {dense}: sharing is {speed}, by medians of {counted(least, 'round')}."
    off = of(table, "difference_255")["value"]
    same = f"No pixel of their outputs differs by more than {at_most_text(off.max())} / 255." if len(off) else ""
    return Study(charts, tuple(word for word in (faster, same) if word))
