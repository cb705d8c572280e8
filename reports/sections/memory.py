"""Memory: peaks above the built method, measured and predicted."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from matplotlib.ticker import FuncFormatter

from reports.derive.leaders import leaders, ranked, span
from reports.derive.summary import Summary
from reports.draw.columns import columns
from reports.draw.grid import grid
from reports.draw.look import Chart
from reports.draw.number_text import bytes_text, count_text, listed, many_text
from reports.draw.sheet import Ink, Sheet, pixels_axis
from reports.read.tables import lines_of
from reports.sections.section import Material, Section
from reports.sections.words import words

COLUMNS = columns("label width height source peak_bytes note")

_COMPARED = ["task", "channels", "scale", "height", "width", "source"]


def section(material: Material) -> Section:
    """Peaks, measured and predicted."""
    table = material.summary.named["memory"]
    return Section(
        "memory",
        "Memory",
        material.command,
        makes="restobench run --spec full",
        about=" ".join(_about(table)),
        findings=tuple(_hungriest(table)),
        charts=tuple(charts(material.summary, material.ink)),
        grids=(grid("memory", "Peak memory above the built method", ranked(table, "peak_bytes", _COMPARED), COLUMNS),),
    )


def _about(table: pd.DataFrame) -> Iterator[str]:
    """What the table's kinds of peaks are."""
    predicted = table["source"].astype(str) == "predicted"
    if not predicted.all():
        yield words("memory.measured")
    if predicted.any():
        yield words("memory.predicted")


def charts(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """Peak memory against pixels, measured as points on lines and predicted dashed."""
    table = summary.named["memory"]
    table = table[table["peak_bytes"] > 0].assign(pixels=lambda frame: frame["height"] * frame["width"])
    if table.empty:
        return
    sheet = Sheet()
    for (label, source), group in table.groupby(["label", "source"], observed=True, sort=False):
        name, dashed = (f"{label}, predicted", "--") if source == "predicted" else (str(label), "-")
        lines = group.groupby("pixels")["peak_bytes"].max().sort_index().reset_index()
        tips = [
            f"{label}, {source}: {bytes_text(line.peak_bytes)} at {line.pixels / 1e6:.3g} megapixels"
            for line in lines_of(lines)
        ]
        look = ink.palette[str(label)]
        sheet.line(lines["pixels"], lines["peak_bytes"], name=name, look=look, tips=tips, dashed=dashed)
    sheet.axes.set(xscale="log", yscale="log", ylabel="peak memory")
    pixels_axis(sheet.axes)
    sheet.axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: bytes_text(value)))
    yield sheet.chart("memory", "Peak memory against pixels", _finding(table))


def _hungriest(table: pd.DataFrame) -> Iterator[str]:
    """How many times the memory of the most frugal the hungriest takes."""
    each, kind = _each(table.assign(pixels=table["height"] * table["width"]))
    found = span(each, "each", count_text)
    if found and not found.level:
        least, most = listed(found.at_least), listed(found.at_most)
        yield words("memory.hungriest", least=least, most=most, ratio=many_text(found.ratio), kind=kind)
    elif found:
        yield words("memory.one", methods=listed(found.at_least), bytes=found.least, kind=kind)


def _each(table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The bytes per pixel of each method at its largest size as `each`, measured where anything was."""
    table = table[(table["peak_bytes"] > 0) & (table["pixels"] > 0)]
    measured = table[table["source"].astype(str) != "predicted"]
    shown, kind = (measured, "measured") if len(measured) else (table, "predicted")
    largest = shown[shown["pixels"] == shown.groupby("label")["pixels"].transform("max")]
    return largest.assign(each=largest["peak_bytes"] / largest["pixels"]), kind


def _finding(table: pd.DataFrame) -> str:
    """Bytes per pixel at each method's largest size: the most and the least, by measurement where there is one."""
    each, kind = _each(table)
    most, most_bytes = leaders(each, "each", count_text)
    least, least_bytes = leaders(each, "each", count_text, least=True)
    if most_bytes == least_bytes:
        return words("memory.one", methods=listed(most), bytes=most_bytes, kind=kind)
    return words(
        "memory.span", most=listed(most), most_bytes=most_bytes, least=listed(least), least_bytes=least_bytes, kind=kind
    )
