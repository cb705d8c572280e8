"""Which numbers a measured row can hold: a stranger's may hold any, and none of them may spoil a figure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

WHOLE: Mapping[str, tuple[float, float]] = {
    "channels": (1, 1e6), "height": (0, 1e7), "width": (0, 1e7), "scale": (1, 1e3), "threads": (0, 1e6),
    "seed": (0, 2.0**53), "batch": (1, 1e6), "repeat": (-1e12, 1e12),
}  # fmt: skip
"""Fields of a case that are whole numbers, with the least and the largest that is read."""

_SIGMA = (0, 1e4)
_VALUE = (-1e30, 1e30)
_LEAST_SECONDS = 1e-12

_COUNTED = r"^(?:macs|parameters|peak_bytes|largest_pixels)|bytes|_per_pixel|_per_byte|measured_|elapsed_"
"""Quantities of which there may be none, but not less."""


def within(rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows hold numbers that something measured can have; values that are undefined or infinite are others' care.

    Sizes and other counts are whole and not negative, a call takes some time, and no value is beyond 1e30.
    """
    fine = rows["sigma_255"].between(*_SIGMA)
    for name, limits in WHOLE.items():
        fine &= rows[name].between(*limits) & (rows[name] % 1 == 0)
    value, quantity = rows["value"], rows["quantity"].cat
    fine &= ~np.isfinite(value) | value.between(*_VALUE)
    counted = quantity.categories[quantity.categories.astype(str).str.contains(_COUNTED)]
    fine &= ~((value < 0) & rows["quantity"].isin(counted))
    fine &= ~((value < _LEAST_SECONDS) & (rows["quantity"] == "seconds"))
    return np.asarray(fine, dtype=np.bool_)
