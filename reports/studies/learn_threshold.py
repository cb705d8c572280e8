"""A threshold found by gradient descent: threshold, loss and temperature against step."""

from __future__ import annotations

import pandas as pd

from reports.draw.number_text import at_most_text, counted
from reports.studies.curves import curves
from reports.studies.study import Study, of

TITLE = "A threshold found by gradient descent"
PLACE = 2
NEEDS = "found_threshold"


def study(table: pd.DataFrame) -> Study:
    """The readings as curves; where the descents ended, and the largest error."""
    charts = tuple(curves(table[table["quantity"] != "found_threshold"], "learn-threshold"))
    found, error = of(table, "found_threshold")["value"], of(table, "error")["value"]
    low, high = f"{found.min():.3f}", f"{found.max():.3f}"
    ended = f"ended {f'between {low} and {high}' if low != high else f'at {low}'}."
    reading = f"{counted(len(found), 'descent')} {ended}"
    worst = f"No error is larger than {at_most_text(error.abs().max())}." if len(error) else ""
    return Study(charts, tuple(word for word in (reading, worst) if word))
