"""Wall time of every case, against pixels with fitted exponents and against operations with the cost model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from reports.derive.fits import Fit, cost_model, power_law
from reports.derive.summary import Summary
from reports.draw.columns import columns, interval
from reports.draw.grid import grid
from reports.draw.look import SOFT, Chart
from reports.draw.number_text import interval_text, seconds_text
from reports.draw.sheet import MOST_SERIES, Ink, Sheet, limited, pixels_axis, seconds_axis
from reports.read.tables import lines_of
from reports.sections.section import Material, Section
from reports.sections.words import words

COLUMNS = columns(
    "label scale channels width height median low high n per_megapixel build first threads device dtype",
    **interval(seconds_text),
)


def section(material: Material) -> Section:
    """Time against pixels and against operations."""
    return Section(
        "time",
        "Time against pixels and operations",
        material.command,
        about=words("time.about"),
        charts=tuple(charts(material.summary, material.ink)),
        grids=(grid("time", "Wall time", material.summary.timed, COLUMNS),),
    )


def charts(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """Time against pixels (log-log, with fitted exponents) and against operations (with the cost model)."""
    yield from _against_pixels(summary, ink)
    yield from _against_operations(summary, ink)


def _against_pixels(summary: Summary, ink: Ink) -> Iterator[Chart]:
    timed = summary.timed[summary.timed["pixels"] > 0]
    timed = timed[timed.groupby(["label", "scale", "channels"])["pixels"].transform("nunique") > 1]
    if timed.empty:
        return
    sheet = Sheet((5.6, 4.4))
    for (label, scale), group in limited(timed.groupby(["label", "scale"], sort=False)):
        ordered = group.sort_values("pixels")
        tips = [_tip(line) for line in lines_of(ordered)]
        name, look = f"{label} ×{scale:g}" if scale > 1 else str(label), ink.palette[str(label)]
        sheet.line(ordered["pixels"], ordered["median"], name=name, look=look, tips=tips)
        sheet.bars(ordered["pixels"], ordered["low"], ordered["high"], name=name, look=look)
    sheet.axes.set(xscale="log", yscale="log")
    pixels_axis(sheet.axes)
    seconds_axis(sheet.axes.yaxis, "time")
    fits = lines_of(summary.exponents.head(MOST_SERIES))
    listed = ", ".join(f"{fit.label} {fit.exponent:.2f}{interval_text(fit.low, fit.high)}" for fit in fits)
    yield sheet.chart("time-pixels", "Time against pixels", words("time.exponents", exponents=listed))


def median_text(line: Any) -> str:
    """A timed case's median with its interval: `2.61 ms [2.58 ms to 2.7 ms]`."""
    return f"{seconds_text(line.median)} [{seconds_text(line.low)} to {seconds_text(line.high)}]"


def _tip(line: Any) -> str:
    return f"{line.label}: {median_text(line)} at {line.width:.0f} × {line.height:.0f}, n = {line.n}"


def _against_operations(summary: Summary, ink: Ink) -> Iterator[Chart]:
    table = summary.operations[summary.operations["macs"] > 0]  # what has none is on no logarithmic axis
    if len(table) < 2:  # noqa: PLR2004 - one point shows no relation
        return
    sheet = Sheet((5.6, 4.4))
    for label, group in limited(table.groupby("label", sort=False)):
        tips = [f"{_tip(line)}; {line.macs:.3g} operations" for line in lines_of(group)]
        sheet.points(group["macs"], group["median"], name=str(label), look=ink.palette[str(label)], tips=tips)
    model, fit = cost_model(table), power_law(table["macs"], table["median"])
    if model:
        x = np.geomspace(table["macs"].min(), table["macs"].max(), 60)
        sheet.axes.plot(x, np.maximum(model[0] + model[1] * x, 1e-9), color=SOFT, linestyle="--", linewidth=1)
    sheet.axes.set(xscale="log", yscale="log", xlabel="operations of the call (1 multiply-add = 1)")
    seconds_axis(sheet.axes.yaxis, "time")
    yield sheet.chart("time-operations", "Time against operations", _finding(fit, model))


def _finding(fit: Fit | None, model: tuple[float, float, float] | None) -> str:
    said = []
    if fit:
        said.append(words("time.power", exponent=fit.exponent, reach=interval_text(fit.low, fit.high)))
    if model:
        a, b, explained = model
        speed = f"{1 / b / 1e9:.3g} billion operations per second" if b > 0 else "no positive slope"
        said.append(words("time.model", fixed=seconds_text(max(a, 0)), speed=speed, explained=max(explained, 0)))
    return " ".join(said) or words("time.too_few")
