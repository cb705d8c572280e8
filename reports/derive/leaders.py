"""The best and the worst of a table, and those that no reader of the written numbers could tell from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Span:
    """From the least to the most of a column, as written, and which labels have them."""

    least: str
    at_least: tuple[str, ...]
    most: str
    at_most: tuple[str, ...]
    ratio: float
    """The most over the least; NaN where that says nothing."""

    @property
    def level(self) -> bool:
        """Whether all are the same as written."""
        return self.least == self.most


def span(table: pd.DataFrame, column: str, write: Callable[[float], str]) -> Span | None:
    """The span of the finite values in `column`; None where there are none."""
    low, least = leaders(table, column, write, least=True)
    high, most = leaders(table, column, write)
    if not low:
        return None
    values = table[column].astype(float)[np.isfinite(table[column].astype(float))]
    ratio = float(values.max() / values.min()) if values.min() > 0 else float("nan")
    return Span(least, tuple(low), most, tuple(high), ratio)


def ranked(table: pd.DataFrame, column: str, within: list[str], *, least: bool = True) -> pd.DataFrame:
    """`table` by the columns `within` and, of lines that share them, the best in `column` first and `marked`."""
    ordered = table.sort_values([*within, column], ascending=[True] * len(within) + [least], kind="stable")
    return marked(ordered, column, within, least=least)


def marked(
    table: pd.DataFrame,
    column: str,
    within: list[str],
    *,
    least: bool = False,
    among: pd.Series[bool] | None = None,
) -> pd.DataFrame:
    """`table` with `best`: whether a line has the best value of the lines `among` that share `within` with it.

    The noisy input is none of them, and where there is but one, there is no best.
    """
    methods = table["method"].astype(str) != "noisy" if "method" in table else True
    values = table[column].where(
        np.isfinite(table[column].astype(float)) & methods & (True if among is None else among)
    )
    groups = values.groupby([table[name] for name in within], observed=True, dropna=False)
    return table.assign(best=(values == groups.transform("min" if least else "max")) & (groups.transform("count") > 1))
