"""Memory: peaks above the built method, measured and predicted."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.ticker import FuncFormatter

from reports.derive.summary import Summary
from reports.draw.grid import SIZE, bytes_cell, grid, text_cell
from reports.draw.look import Chart
from reports.draw.number_text import bytes_text
from reports.draw.sheet import Ink, Sheet, pixels_axis
from reports.read.tables import lines_of
from reports.sections.section import Material, Section
from reports.sections.words import words

COLUMNS = {
    "label": ("method", text_cell),
    **SIZE,
    "source": ("source", text_cell),
    "peak_bytes": ("peak memory", bytes_cell),
    "note": ("note", text_cell),
}


def section(material: Material) -> Section:
    """Peaks, measured and predicted."""
    table = material.summary.named["memory"]
    return Section(
        "memory",
        "Memory",
        material.command,
        makes="restobench run --spec full",
        about=words("memory.about"),
        charts=tuple(charts(material.summary, material.ink)),
        grids=(grid("memory", "Peak memory above the built method", table, COLUMNS),),
    )


def charts(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """Peak memory against pixels, measured as points on lines and predicted dashed."""
    table = summary.named["memory"]
    table = table[table["peak_bytes"] > 0].assign(pixels=lambda frame: frame["height"] * frame["width"])
    if table.empty:
        return
    sheet = Sheet()
    for (label, source), group in table.groupby(["label", "source"], observed=True, sort=False):
        predicted = source == "predicted"
        lines = group.groupby("pixels")["peak_bytes"].max().sort_index().reset_index()
        tips = [
            f"{label}, {source}: {bytes_text(line.peak_bytes)} at {line.pixels / 1e6:.3g} megapixels"
            for line in lines_of(lines)
        ]
        sheet.line(
            lines["pixels"],
            lines["peak_bytes"],
            name=f"{label}, predicted" if predicted else str(label),
            look=ink.palette[str(label)],
            tips=tips,
            dashed="--" if predicted else "-",
        )
    sheet.axes.set(xscale="log", yscale="log", ylabel="peak memory")
    pixels_axis(sheet.axes)
    sheet.axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: bytes_text(value)))
    sheet.legend()
    measured = table[table["source"].astype(str) != "predicted"]
    shown = measured if len(measured) else table
    ordered = shown.assign(each=shown["peak_bytes"] / shown["pixels"]).sort_values("each")
    least, most = ordered.iloc[0], ordered.iloc[-1]
    finding = words(
        "memory.span", most=most["label"], most_bytes=most["each"], least=least["label"], least_bytes=least["each"]
    )
    yield sheet.chart("memory", "Peak memory against pixels", finding)
