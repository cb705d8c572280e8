"""Scaling laws: exponents of time against pixels, block size and threads, and the cost model with its residuals."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from reports.derive.fits import cost_model, exponents_at_one_size
from reports.derive.summary import Summary
from reports.draw.grid import (
    SIZE,
    Grid,
    count_cell,
    grid,
    interval_columns,
    number_cell,
    seconds_cell,
    text_cell,
    times_cell,
)
from reports.draw.look import SOFT, Chart
from reports.draw.number_text import interval_text, times_text
from reports.draw.sheet import Ink, Sheet, limited
from reports.read.tables import lines_of, most_of
from reports.sections.section import Material, Section
from reports.sections.words import words

EXPONENT_COLUMNS = {
    "label": ("method", text_cell),
    "exponent": ("exponent", number_cell(".3f")),
    **interval_columns(number_cell(".3f")),
    "sizes": ("sizes", count_cell),
    "from_pixels": ("from pixels", count_cell),
    "to_pixels": ("to pixels", count_cell),
}
OTHER_COLUMNS = {
    "label": ("method", text_cell),
    "against": ("against", text_cell),
    **SIZE,
    "exponent": ("exponent", number_cell(".3f")),
    **interval_columns(number_cell(".3f")),
    "places": ("measured at", count_cell),
    "start": ("from", number_cell("g")),
    "stop": ("to", number_cell("g")),
}
MODEL_COLUMNS = {
    "label": ("method", text_cell),
    **SIZE,
    "macs": ("operations", count_cell),
    "median": ("measured", seconds_cell),
    "predicted": ("a + b × operations", seconds_cell),
    "off": ("measured over predicted", times_cell),
}


def section(material: Material) -> Section:
    """Exponents and the cost model with its residuals."""
    summary = material.summary
    others = exponents_at_one_size(summary.timed, summary.threads, summary.methods)
    return Section(
        "scaling",
        "Scaling laws",
        "restobench run --spec scaling",
        charts=tuple(charts(summary, material.ink)),
        grids=(
            grid("exponents", "Exponent of time against pixels", summary.exponents, EXPONENT_COLUMNS),
            grid("exponents-beside", "Exponent of time against block size and threads", others, OTHER_COLUMNS),
            *_model_grid(summary.operations),
        ),
    )


def charts(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """Exponents of time against pixels; time against threads where several were measured."""
    yield from _exponents(summary.exponents, ink)
    yield from _threads(summary.threads, ink)


def _model_grid(operations: pd.DataFrame) -> Iterator[Grid]:
    if model := cost_model(operations):
        predicted = model[0] + model[1] * operations["macs"]
        predicted = predicted.where(predicted > 0)
        shown = operations.assign(predicted=predicted, off=operations["median"] / predicted)
        yield grid("cost-model", "What the operation count explains of the time", shown, MODEL_COLUMNS)


def _exponents(fits: pd.DataFrame, ink: Ink) -> Iterator[Chart]:
    if fits.empty:
        return
    sheet = Sheet((5.6, 1.2 + 0.32 * len(fits)))
    for place, fit in enumerate(lines_of(fits)):
        name = str(fit.label)
        tip = f"{name}: exponent {fit.exponent:.3f}{interval_text(fit.low, fit.high)} over {fit.sizes} sizes"
        sheet.estimate(place, fit.exponent, fit.low, fit.high, name=name, look=ink.palette[name], tip=tip)
    sheet.axes.axvline(1, color=SOFT, linewidth=1)
    sheet.names(fits["label"], 28)
    sheet.axes.set_xlim(min(0.5, fits["exponent"].min() - 0.1), max(1.3, fits["exponent"].max() + 0.1))
    sheet.axes.set_xlabel("exponent of time against pixels (1 = proportional)")
    steep = most_of(fits, "exponent")
    reach = interval_text(steep["low"], steep["high"])
    finding = words("scaling.steepest", method=steep["label"], exponent=steep["exponent"], reach=reach)
    yield sheet.chart("exponents", "Growth of time with pixels", finding)


def _threads(table: pd.DataFrame, ink: Ink) -> Iterator[Chart]:
    case = ["label", "scale", "channels", "height", "width"]
    table = table[table.groupby(case)["threads"].transform("nunique") > 1] if len(table) else table
    if table.empty:
        return
    sheet, parts = Sheet(), []
    for label, group in limited(table.sort_values("pixels").groupby("label", sort=False)):
        one = group[group["pixels"] == group["pixels"].max()].sort_values("threads")
        speedup = one["median"].iloc[0] / one["median"]
        tips = [
            f"{label}: {times_text(gain)} as fast on {threads:.0f} threads"
            for gain, threads in zip(speedup, one["threads"], strict=True)
        ]
        sheet.line(one["threads"], speedup, name=str(label), look=ink.palette[str(label)], tips=tips)
        parts.append(f"{label} {times_text(speedup.iloc[-1])} on {one['threads'].iloc[-1]:.0f}")
    top = table["threads"].max()
    sheet.axes.plot([1, top], [1, top], color=SOFT, linestyle=":", linewidth=1)
    sheet.axes.set(xlabel="threads", ylabel="speed over one thread")
    sheet.axes.set_xticks(sorted(table["threads"].unique()))
    sheet.legend()
    yield sheet.chart("threads", "Speed against threads", words("scaling.threads", methods=", ".join(parts)))
