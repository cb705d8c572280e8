"""Wall time of every case, against pixels with fitted exponents and against operations with the cost model."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from reports.derive.candidates import size_text
from reports.derive.fits import Fit, cost_model, power_law
from reports.derive.fronts import REFERENCE_PIXELS
from reports.derive.leaders import ranked, span
from reports.derive.summary import Summary
from reports.draw.columns import columns, interval
from reports.draw.grid import grid
from reports.draw.look import SOFT, Chart
from reports.draw.number_text import count_text, counted, interval_text, listed, long_text, reach_text, seconds_text
from reports.draw.sheet import Ink, Sheet, few, pixels_axis, seconds_axis
from reports.read.tables import lines_of
from reports.sections.section import Material, Section
from reports.sections.words import words

COLUMNS = columns(
    "label scale channels width height median low high n per_megapixel build first threads device dtype",
    **interval(seconds_text),
)

SIZED = ["task", "channels", "scale", "height", "width"]
"""Times of methods are set against each other where these are the same."""


def section(material: Material) -> Section:
    """Time against pixels and against operations."""
    return Section(
        "time",
        "Time against pixels and operations",
        material.command,
        about=_about(material.summary),
        findings=tuple(_fastest(material.summary.timed)),
        charts=tuple(charts(material.summary, material.ink)),
        grids=(grid("time", "Wall time", ranked(material.summary.timed, "median", SIZED), COLUMNS),),
    )


def _fastest(timed: pd.DataFrame) -> Iterator[str]:
    """The fastest and the slowest at the size that most were timed at, or of such the one nearest to 512 × 512."""
    own = timed[(timed["median"] > 0) & (timed["pixels"] > 0) & (timed["method"] != "noisy")]
    if own.empty:
        return
    sized = own.groupby(SIZED, observed=True)
    order = own.assign(number=sized.ngroup(), shared=sized["label"].transform("nunique"))
    order = order.assign(distance=np.abs(np.log(order["pixels"] / REFERENCE_PIXELS)))
    first = order.sort_values(["shared", "distance"], ascending=[False, True], kind="stable").iloc[0]
    group = order[order["number"] == first["number"]]
    times = span(group, "median", seconds_text)
    size, calls = size_text(first), counted(group["n"].min(), "call")
    alone = order.loc[order["pixels"] == first["pixels"], "number"].eq(first["number"]).all()
    kind = "" if alone else _kind(first)
    if times and times.level:
        yield words("time.one", methods=listed(times.at_least), time=times.least, size=size, kind=kind, calls=calls)
    elif times:
        yield words(
            "time.span", size=size, kind=kind, fastest=listed(times.at_least), least=times.least,
            slowest=listed(times.at_most), most=times.most, ratio=long_text(times.ratio), calls=calls,
        )  # fmt: skip


def _kind(line: Any) -> str:
    """What is timed in a line, with a leading space: ` (denoising, 1 channel)`."""
    task = "denoising" if line["task"] == "denoise" else f"upscaling ×{line['scale']:g}"
    return f" {words('time.of_kind', task=task, channels=counted(line['channels'], 'channel'))}"


def _about(summary: Summary) -> str:
    """What is a median here, and which cases stand elsewhere."""
    said, threads = words("time.about"), summary.timed["threads"].unique()
    more = summary.threads["threads"].nunique() > len(threads)
    return f"{said} {words('time.threads', threads=counted(threads[0], 'thread'))}" if more else said


def charts(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """Time against pixels (log-log, with fitted exponents) and against operations (with the cost model)."""
    yield from _against_pixels(summary, ink)
    yield from _against_operations(summary, ink)


def _against_pixels(summary: Summary, ink: Ink) -> Iterator[Chart]:
    timed = summary.timed[summary.timed["pixels"] > 0]
    timed = timed[timed.groupby(["label", "scale", "channels"])["pixels"].transform("nunique") > 1]
    if timed.empty:
        return
    sheet, keys = Sheet((5.6, 4.4)), ["label", "scale", "channels"]
    timed, left = few(timed, keys)
    parts = []
    for (label, scale, channels), group in timed.groupby(keys, sort=False):
        ordered = group.sort_values("pixels")
        tips = [_tip(line) for line in lines_of(ordered)]
        name, look = series_name(label, scale, channels, timed), ink.palette[str(label)]
        fit = power_law(ordered["pixels"], ordered["median"])
        parts += [f"{name} {fit.exponent:.2f}{interval_text(fit.low, fit.high)}"] if fit and fit.firm else []
        sheet.line(ordered["pixels"], ordered["median"], name=name, look=look, tips=tips)
        sheet.bars(ordered["pixels"], ordered["low"], ordered["high"], name=name, look=look)
    sheet.axes.set(xscale="log", yscale="log")
    pixels_axis(sheet.axes)
    seconds_axis(sheet.axes.yaxis, "time")
    finding = words("time.exponents", exponents=", ".join(parts)) if parts else words("time.no_exponents")
    yield sheet.chart("time-pixels", "Time against pixels", f"{finding}{left_out(left)}")


def series_name(label: object, scale: Any, channels: Any, table: pd.DataFrame) -> str:
    """A method with its scale, and with its channels where `table` has it in several."""
    same = table[(table["label"] == label) & (table["scale"] == scale)]
    colors = f", {counted(channels, 'channel')}" if len(same["channels"].unique()) > 1 else ""
    return f"{label}{f' ×{scale:g}' if scale > 1 else ''}{colors}"


def left_out(series: int) -> str:
    """How many series a figure had no room for, with a leading space; nothing where all are drawn."""
    return f" {words('time.left_out', count=series)}" if series else ""


def median_text(line: Any) -> str:
    """A timed case's median with its interval: `2.61 ms [2.58 ms to 2.7 ms]`."""
    return f"{seconds_text(line.median)}{reach_text(seconds_text(line.low), seconds_text(line.high))}"


def _tip(line: Any) -> str:
    return f"{line.label}: {median_text(line)} at {line.width:.0f} × {line.height:.0f}, n = {line.n}"


def _against_operations(summary: Summary, ink: Ink) -> Iterator[Chart]:
    table = summary.operations[summary.operations["macs"] > 0]  # what has none is on no logarithmic axis
    if len(table) < 2:  # noqa: PLR2004 - one point shows no relation
        return
    sheet = Sheet((5.6, 4.4))
    shown, left = few(table, "label")
    for label, group in shown.groupby("label", sort=False):
        tips = [f"{_tip(line)}; {line.macs:.3g} operations" for line in lines_of(group)]
        sheet.points(
            group["macs"], group["median"], name=str(label), look=ink.palette[str(label)], tips=tips, text=str(label)
        )
    model, fit = cost_model(table), power_law(table["macs"], table["median"])
    if model:
        x = np.geomspace(table["macs"].min(), table["macs"].max(), 60)
        sheet.axes.plot(x, np.maximum(model[0] + model[1] * x, 1e-9), color=SOFT, linestyle="--", linewidth=1)
    sheet.axes.set(xscale="log", yscale="log", xlabel="operations of the call (1 multiply-add = 1)")
    seconds_axis(sheet.axes.yaxis, "time")
    yield sheet.chart("time-operations", "Time against operations", f"{_finding(fit, model)}{left_out(left)}")


def _finding(fit: Fit | None, model: tuple[float, float, float] | None) -> str:
    said = []
    if fit:
        reach = interval_text(fit.low, fit.high)
        said.append(words("time.power", cases=counted(fit.n, "timed case"), exponent=fit.exponent, reach=reach))
    if model:
        a, b, explained = model
        slope = words("time.speed", speed=count_text(1 / b / 1e9)) if b > 0 else words("time.no_speed")
        said.append(words("time.model", fixed=seconds_text(a), slope=slope))
        if math.isfinite(explained):
            said.append(words("time.explained", explained=explained) if explained > 0 else words("time.unexplained"))
    return " ".join(said) or words("time.too_few")
