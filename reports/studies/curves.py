"""The readings of an experiment as they come: what is drawn where no study of its own says more."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from reports.draw.look import Chart, numbered
from reports.draw.sheet import MOST_SERIES, Sheet, slug

_LOGARITHMIC = 100


def curves(table: pd.DataFrame, name: str) -> Iterator[Chart]:
    """An experiment's readings as they come: each quantity along its abscissa, a line per part."""
    finite = table[np.isfinite(table["value"])]
    lengths = finite.groupby(["part", "quantity"], observed=True)["repeat"].nunique()
    names = [
        str(quantity)
        for quantity in finite["quantity"].astype(str).drop_duplicates()
        if lengths.xs(quantity, level="quantity").max() > 1
    ]
    if not names:
        return
    x = next((word for word in names if word in ABSCISSAS), None)
    for quantity in [word for word in names if word != x]:
        chart = _curve(finite, name, x, quantity)
        if chart is not None:
            yield chart


ABSCISSAS = (
    "step",
    "x",
    "input",
    "coefficient",
    "iteration",
    "position",
    "blur_std",
    "kernel_std",
    "ratio",
    "temperature",
    "sigma_255",
)
"""Quantities of an experiment that are drawn along, not up; the first that is there counts."""


def _curve(finite: pd.DataFrame, name: str, x: str | None, quantity: str) -> Chart | None:
    sheet, ends = Sheet(), []
    parts = finite.loc[finite["quantity"].astype(str) == quantity, "part"].astype(str).drop_duplicates().tolist()
    for look, part in zip(numbered(MOST_SERIES), parts[:MOST_SERIES], strict=False):
        own = finite[finite["part"].astype(str) == part]
        y = (
            own[own["quantity"].astype(str) == quantity]
            .drop_duplicates("repeat")
            .set_index("repeat")["value"]
            .sort_index()
        )
        along = (
            own[own["quantity"].astype(str) == x]
            .drop_duplicates("repeat")
            .set_index("repeat")["value"]
            .reindex(y.index)
            if x
            else None
        )
        across = pd.Series(y.index, index=y.index) if along is None or along.isna().any() else along
        tips = [
            f"{part or quantity}: {value:.4g} at {x or 'position'} {at:g}" for at, value in zip(across, y, strict=True)
        ]
        sheet.line(across, y, name=part or quantity.replace("_", " "), look=look, tips=tips)
        ends.append(f"{y.iloc[0]:.4g} to {y.iloc[-1]:.4g}" + (f" ({part})" if part else ""))
    sheet.axes.set(xlabel=(x or "position").replace("_", " "), ylabel=quantity.replace("_", " "))
    values = finite.loc[finite["quantity"].astype(str) == quantity, "value"]
    if values.min() > 0 and values.max() > _LOGARITHMIC * values.min():
        sheet.axes.set_yscale("log")
    sheet.legend()
    title = f"{name}: {quantity.replace('_', ' ')}"
    return sheet.chart(
        f"{slug(name)}-{slug(quantity)}",
        title,
        f"{quantity.replace('_', ' ').capitalize()} goes from {'; '.join(ends[:6])}.",
    )
