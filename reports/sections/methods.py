"""The methods of the run, and the operations each spends on a pixel by four counters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from reports.derive.summary import Summary
from reports.draw.columns import columns
from reports.draw.grid import Cell, Grid, Line, grid
from reports.draw.look import Chart, numbered
from reports.draw.number_text import count_text
from reports.draw.sheet import Ink, Sheet, short
from reports.sections.section import Material, Section
from reports.sections.words import words

COMMAND = "restobench cost"
COLUMNS = columns(
    "what counter macs_per_pixel flops_per_pixel residue parameters activations_per_pixel bytes_per_pixel "
    "intensity_macs_per_byte"
)


def section(material: Material) -> Section:
    """What was compared, and operations per pixel by four counters."""
    cost = material.summary.named["cost"]
    cost = cost.assign(what=_names(cost)) if len(cost) else cost
    return Section(
        "methods",
        "Methods and cost per pixel",
        COMMAND,
        makes=COMMAND,
        text=tuple(_text(cost)),
        charts=tuple(charts(material.summary, material.ink)),
        grids=(_method_grid(material), grid("cost", "Operations per output pixel, by counter", cost, COLUMNS)),
    )


def charts(summary: Summary, _: Ink) -> Iterator[Chart]:
    """Operations per output pixel by counter, one line of points per case."""
    table = summary.named["cost"]
    table = table[table["macs_per_pixel"] > 0]
    if table.empty:
        return
    names = _names(table)
    order = names.drop_duplicates().tolist()
    counters = list(table["counter"].unique())
    sheet = Sheet((5.6, 1.6 + 0.3 * len(order)))
    for look, (counter, group) in zip(numbered(9), table.groupby("counter", observed=True, sort=False), strict=False):
        offset = (counters.index(counter) - 1.5) * 0.13
        own = names[group.index].tolist()
        where = [order.index(name) + offset for name in own]
        tips = [
            f"{name}, {counter}: {count_text(value)} operations per pixel (1 multiply-add = 1)"
            for name, value in zip(own, group["macs_per_pixel"], strict=True)
        ]
        sheet.points(group["macs_per_pixel"], where, name=str(counter).replace("_", " "), look=look, tips=tips)
    sheet.axes.set_xscale("log")
    sheet.axes.set_yticks(range(len(order)), [short(name, 26) for name in order])
    sheet.axes.invert_yaxis()
    sheet.axes.set_xlabel("operations per output pixel (1 multiply-add = 1)")
    yield sheet.chart("counters", "Operations per pixel, by counter", _finding(table.assign(what=names)), columns=3)


def _names(table: pd.DataFrame) -> pd.Series[str]:
    """Each line's method with its scale, and its colours where it was counted in both."""
    scales = table["scale"].map(lambda scale: f" ×{scale:g}" if scale > 1 else "")
    colors = table["channels"].map(lambda channels: ", colour" if channels == 3 else "")  # noqa: PLR2004 - RGB
    many = table.groupby(["label", "scale"])["channels"].transform("nunique") > 1
    return table["label"].astype(str) + scales + colors.where(many, "")


def _by_counter(cost: pd.DataFrame) -> pd.DataFrame:
    return cost.pivot_table(index="what", columns="counter", values="macs_per_pixel", observed=True, sort=False)


def _overstated(wide: pd.DataFrame) -> pd.Series[float]:
    """How many times the count of parameters exceeds the closed form; empty where either is absent."""
    if not {"parameters", "closed_form"} <= set(wide.columns):
        return pd.Series(dtype=float)
    return (wide["parameters"] / wide["closed_form"]).dropna()


def _finding(cost: pd.DataFrame) -> str:
    wide = _by_counter(cost)
    exact = wide.get("closed_form", wide.iloc[:, 0])
    least, most = count_text(exact.min()), count_text(exact.max())
    said = words("methods.span", least=least, cheapest=exact.idxmin(), most=most, dearest=exact.idxmax())
    factors = _overstated(wide)
    if factors.empty:
        return said
    return f"{said} {words('methods.overstated', method=factors.index[0], factor=factors.iloc[0])}"


def _text(cost: pd.DataFrame) -> Iterator[str]:
    if cost.empty:
        return
    yield words("methods.about")
    wide = _by_counter(cost)
    factors = _overstated(wide)
    if len(factors):
        listed = ", ".join(f"{name} {factor:.4g} times" for name, factor in factors.items())
        yield words("methods.overstates", methods=listed)
    if {"fvcore", "closed_form"} <= set(wide.columns):
        off = (wide["fvcore"] - wide["closed_form"]).dropna()
        listed = ", ".join(f"{value:+,.0f} ({name})" for name, value in off[off != 0].items())
        yield words("methods.departs", differences=listed) if listed else words("methods.agree")


def _method_grid(material: Material) -> Grid:
    lines = tuple(_method_line(material.ink, record) for record in material.run.listed("methods"))
    columns = ("method", "task", "what it is", "paper", "licence", "weights")
    return Grid("method-list", "Methods of this run", columns, lines)


def _method_line(ink: Ink, record: Mapping[str, Any]) -> Line:
    name = str(record.get("name", ""))
    weights = "random: no quality figure" if record.get("random_weights") else ""
    texts = [name, *(record.get(field, "") for field in ("task", "summary", "paper", "licence")), weights]
    cells = tuple(Cell(str(text or ""), str(text or "")) for text in texts)
    return Line(cells, anchor=ink.anchors.get(name, "").removeprefix("#"))
