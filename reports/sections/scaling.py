"""Scaling laws: exponents of time against pixels, block size and threads, and the cost model with its residuals."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from reports.derive.fits import cost_model, exponents_at_one_size, firm
from reports.derive.leaders import leaders
from reports.derive.summary import Summary
from reports.draw.columns import columns, interval
from reports.draw.grid import Grid, grid
from reports.draw.look import SOFT, Chart
from reports.draw.number_text import count_text, fast_text, interval_text, listed, seconds_text
from reports.draw.sheet import Ink, Sheet, few
from reports.read.tables import lines_of
from reports.sections.section import Material, Section
from reports.sections.times import left_out, series_name
from reports.sections.words import words

EXPONENT_COLUMNS = columns("label scale channels exponent low high sizes from_pixels to_pixels", **interval(".3f"))
OTHER_COLUMNS = columns("label against width height exponent low high places start stop", **interval(".3f"))
MODEL_COLUMNS = columns(
    "label width height macs median predicted off",
    macs=("operations", count_text),
    median=("measured", seconds_text),
)


def section(material: Material) -> Section:
    """Exponents and the cost model with its residuals."""
    summary = material.summary
    others = exponents_at_one_size(summary.timed, summary.threads, summary.methods)
    against = " and ".join(others["against"].unique())
    return Section(
        "scaling",
        "Scaling laws",
        material.command,
        makes="restobench run --spec scaling",
        findings=_findings(summary.exponents),
        charts=tuple(charts(summary, material.ink)),
        grids=(
            grid("exponents", "Exponent of time against pixels", summary.exponents, EXPONENT_COLUMNS),
            grid("exponents-beside", f"Exponent of time against {against}", others, OTHER_COLUMNS),
            *_model_grid(summary.operations),
        ),
    )


def _findings(fits: pd.DataFrame) -> tuple[str, ...]:
    """Which time grows the most, or that no exponent is sure enough to be one."""
    if fits.empty:
        return ()
    sure = firm(fits)
    if sure.empty:
        return (words("scaling.none", count=len(fits)),)
    names = [series_name(fit.label, fit.scale, fit.channels, sure) for fit in lines_of(sure)]
    return (_steepest(sure.assign(label=names)),)


def charts(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """Exponents of time against pixels; time against threads where several were measured."""
    yield from _exponents(summary.exponents, ink)
    yield from _threads(summary.threads, ink)


def _model_grid(operations: pd.DataFrame) -> Iterator[Grid]:
    if model := cost_model(operations):
        predicted = model[0] + model[1] * operations["macs"]
        predicted = predicted.where(predicted > 0)
        shown = operations.assign(predicted=predicted, off=operations["median"] / predicted)
        yield grid("cost-model", "Time beside what the operation count predicts", shown, MODEL_COLUMNS)


def _exponents(fits: pd.DataFrame, ink: Ink) -> Iterator[Chart]:
    fits = firm(fits)
    if fits.empty:
        return
    sheet = Sheet((5.6, 1.2 + 0.32 * len(fits)))
    for place, fit in enumerate(lines_of(fits)):
        name = series_name(fit.label, fit.scale, fit.channels, fits)
        tip = f"{name}: exponent {fit.exponent:.3f}{interval_text(fit.low, fit.high)} over {fit.sizes} sizes"
        sheet.estimate(place, fit.exponent, fit.low, fit.high, name=name, look=ink.palette[str(fit.label)], tip=tip)
    sheet.axes.axvline(1, color=SOFT, linewidth=1)
    names = [series_name(fit.label, fit.scale, fit.channels, fits) for fit in lines_of(fits)]
    sheet.names(names, 28)
    sheet.axes.set_xlim(min(0.5, fits["exponent"].min() - 0.1), max(1.3, fits["exponent"].max() + 0.1))
    sheet.axes.set_xlabel("exponent of time against pixels (1 = proportional)")
    yield sheet.chart("exponents", "Growth of time with pixels", _steepest(fits.assign(label=names)))


def _steepest(fits: pd.DataFrame) -> str:
    """Which time grows the most with the pixels, and what an exponent below 1 means where there is one."""
    names, exponent = leaders(fits, "exponent", "{:.2f}".format)
    steep = fits[fits["label"] == names[0]].iloc[0]
    reach = interval_text(steep["low"], steep["high"]) if len(names) == 1 else ""
    kind = words("scaling.one") if len(fits) == 1 else words("scaling.steepest")
    said = words("scaling.exponent", kind=kind, methods=listed(names), exponent=exponent, reach=reach)
    return f"{said} {words('scaling.below_one')}" if (fits["exponent"].round(2) < 1).any() else said


def _threads(table: pd.DataFrame, ink: Ink) -> Iterator[Chart]:
    case = ["label", "scale", "channels", "height", "width"]  # the largest that was timed on several numbers of threads
    table = table[table.groupby(case)["threads"].transform("nunique") > 1] if len(table) else table
    if table.empty:
        return
    sheet, parts = Sheet(), []
    shown, left = few(table.sort_values("pixels", ascending=False), "label")
    for label, group in shown.groupby("label", sort=False):
        _, one = next(iter(group.groupby(case, sort=False)))
        one = one.sort_values("threads")
        speedup, fewest = one["median"].iloc[0] / one["median"], one["threads"].iloc[0]
        said = [
            f"{label} on {threads:.0f} threads is {fast_text(gain, f'on {fewest:.0f}')}"
            for gain, threads in zip(speedup, one["threads"], strict=True)
        ]
        sheet.line(one["threads"], speedup, name=str(label), look=ink.palette[str(label)], tips=said)
        parts.append(said[-1])
    least, top = table["threads"].min(), table["threads"].max()
    sheet.axes.plot([least, top], [1, top / least], color=SOFT, linestyle=":", linewidth=1)
    sheet.axes.set(xlabel="threads", ylabel="speed over that on the fewest threads")
    sheet.axes.set_xticks(sorted(table["threads"].unique()))
    yield sheet.chart("threads", "Speed against threads", f"{'; '.join(parts)}.{left_out(left)}")
