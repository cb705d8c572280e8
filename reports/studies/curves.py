"""The readings of an experiment as they come: what is drawn where no study of its own says more."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from reports.draw.look import Chart, numbered
from reports.draw.sheet import MOST_SERIES, Sheet, slug
from reports.studies.study import of, values

ABSCISSAS = (
    "step", "x", "input", "coefficient", "iteration", "position", "blur_std", "kernel_std", "ratio", "temperature",
    "sigma_255",
)  # fmt: skip
"""Quantities of an experiment that are drawn along, not up; the first that is there counts."""

MOST_ENDS = 6
"""Lines whose ends are put into words."""

_LOGARITHMIC = 100


def curves(table: pd.DataFrame, name: str, *, along: str = "reading") -> Iterator[Chart]:
    """Each quantity of the experiment `name` along its abscissa, or by the number of `along`; a line per part."""
    lengths = table.groupby(["part", "quantity"])["repeat"].nunique().groupby("quantity").max()
    names = [str(quantity) for quantity in table["quantity"].drop_duplicates() if lengths[quantity] > 1]
    x = next((quantity for quantity in names if quantity in ABSCISSAS), "")
    yield from (_curve(table, name, x, quantity, along) for quantity in names if quantity != x)


def _curve(table: pd.DataFrame, name: str, x: str, quantity: str, number: str) -> Chart:
    sheet, ends = Sheet(), []
    said, abscissa = quantity.replace("_", " "), x or number
    readings = of(table, quantity)
    for look, part in zip(numbered(MOST_SERIES), readings["part"].drop_duplicates()[:MOST_SERIES], strict=False):
        own = table[table["part"] == part]
        y = values(own, quantity)
        along = values(own, x).reindex(y.index)
        across = pd.Series(y.index, index=y.index) if along.isna().any() else along
        tips = [f"{part or quantity}: {up:.4g} at {abscissa} {at:g}" for at, up in zip(across, y, strict=True)]
        sheet.line(across, y, name=part or said, look=look, tips=tips)
        ends.append(f"{y.iloc[0]:.4g} to {y.iloc[-1]:.4g}" + (f" ({part})" if part else ""))
    sheet.axes.set(xlabel=abscissa.replace("_", " "), ylabel=said)
    if 0 < readings["value"].min() < readings["value"].max() / _LOGARITHMIC:
        sheet.axes.set_yscale("log")
    more = f"; and {len(ends) - MOST_ENDS} more" if len(ends) > MOST_ENDS else ""
    finding = f"{said[:1].upper()}{said[1:]} goes from {'; '.join(ends[:MOST_ENDS])}{more}."
    return sheet.chart(f"{slug(name)}-{slug(quantity)}", f"{name.replace('-', ' ')}: {said}", finding)
