"""The best line of a table, and those that no reader of the written numbers could tell from it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd


def leaders(
    table: pd.DataFrame, column: str, write: Callable[[float], str], *, least: bool = False
) -> tuple[list[str], str]:
    """The labels of the lines with the largest (or `least`) value in `column`, and that value as `write` writes it.

    More than one label where values tie as written. Infinite and undefined values lead nothing; without another value
    there is no label.
    """
    finite = table[np.isfinite(table[column].astype(float))]
    if finite.empty:
        return [], ""
    best = write(float(finite[column].min() if least else finite[column].max()))
    labels = finite.loc[[write(float(value)) == best for value in finite[column]], "label"]
    return labels.astype(str).drop_duplicates().tolist(), best
