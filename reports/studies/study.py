"""What the studies share: what one shows, its readings by quantity, and the three kinds of figure they draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.collections import QuadMesh

from reports.draw.grid import Grid
from reports.draw.look import Chart, Look, Marks, Palette, numbered, tag
from reports.draw.sheet import WIDE, Sheet

_WHOLE_KERNEL = 8  # frequencies per axis above which single cells carry no tip

Curves = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Study:
    """What an experiment shows."""

    charts: tuple[Chart, ...]
    reading: tuple[str, ...] = ()
    grids: tuple[Grid, ...] = ()


def of(table: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """The readings of one quantity."""
    return table[table["quantity"] == quantity]


def values(table: pd.DataFrame, quantity: str) -> pd.Series[float]:
    """The values of one quantity by their number, in order."""
    found: pd.Series[float] = of(table, quantity).drop_duplicates("repeat").set_index("repeat")["value"].sort_index()
    return found


def along(table: pd.DataFrame, part: str, x: str, y: str) -> pd.DataFrame:
    """Columns x and y of one part's curve, in order."""
    own = table[table["part"] == part]
    return pd.DataFrame({name: values(own, name) for name in (x, y)}).dropna()


def lines(
    name: str,
    title: str,
    curves: Curves,
    finding: str,
    *,
    axes: tuple[str, str] = ("input", "output"),
    looks: Sequence[Look] = (),
) -> Chart:
    """Curves of two columns each, by name; without `looks` they are no methods."""
    sheet = Sheet()
    for look, (label, points) in zip(looks or numbered(len(curves)), curves.items(), strict=True):
        x, y = points.iloc[:, 0], points.iloc[:, 1]
        tips = [f"{label}: {up:.4g} at {across:.4g}" for across, up in zip(x, y, strict=True)]
        sheet.line(x, y, name=str(label), look=look, tips=tips)
    sheet.axes.set(xlabel=axes[0], ylabel=axes[1])
    return sheet.chart(name, title, finding)


def decibels(
    wide: pd.DataFrame,
    xlabel: str,
    palette: Palette,
    *,
    size: tuple[float, float] = WIDE,
    most: int = 28,
    tip: str = "{label}, {place}",
) -> Sheet:
    """A place on the ordinate per line of `wide`, a series of points in dB per column, which is a method."""
    sheet = Sheet(size)
    for label, values in wide.items():
        tips = [f"{tip.format(label=label, place=place)}: {value:.2f} dB" for place, value in values.items()]
        sheet.points(values, range(len(values)), name=str(label), look=palette[str(label)], tips=tips)
    sheet.names(wide.index, most)
    sheet.axes.set_xlabel(xlabel)
    return sheet


def heat_map(name: str, title: str, values: np.ndarray, finding: str) -> Chart:
    """A square of numbers as seaborn's heatmap; each cell says its value where there are few."""
    sheet = Sheet((5.0, 4.2))
    sns.heatmap(values, ax=sheet.axes, cmap="cividis", square=True, cbar=True, xticklabels=False, yticklabels=False)
    for mesh in sheet.figure.findobj(QuadMesh):
        mesh.set_rasterized(False)  # the page shows no images inside figures
        mesh.set_edgecolor("face")  # else the page's background shines through between neighbours
    sheet.axes.grid(visible=False)
    if len(values) <= _WHOLE_KERNEL:
        tips = [f"row {row}, column {column}: {values[row, column]:.4g}" for row, column in np.ndindex(values.shape)]
        sheet.marks[tag(sheet.axes.collections[0], "map", 0)] = Marks(tuple(tips))
    return sheet.chart(name, title, finding)
