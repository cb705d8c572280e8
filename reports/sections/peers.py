"""Peers: time ratios of methods that were measured in turn, with intervals."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.ticker import FuncFormatter

from reports.derive.summary import Summary
from reports.draw.grid import count_cell, grid, interval_columns, seconds_cell, text_cell, times_cell
from reports.draw.look import SOFT, Chart
from reports.draw.number_text import times_text
from reports.draw.sheet import Ink, Sheet
from reports.read.tables import lines_of
from reports.sections.section import Material, Section
from reports.sections.words import joined, words

COMMAND = "restobench run --spec peers"
COLUMNS = {
    "group": ("group", text_cell),
    "label": ("method", text_cell),
    "base": ("against", text_cell),
    "ratio": ("time ratio", times_cell),
    **interval_columns(times_cell),
    "rounds": ("rounds", count_cell),
    "seconds": ("median", seconds_cell),
    "base_seconds": ("median of the other", seconds_cell),
}


def section(material: Material) -> Section:
    """Time ratios against the first of each group."""
    return Section(
        "peers",
        "Beside what a user would otherwise pick",
        COMMAND,
        makes=COMMAND,
        about=words("peers.about"),
        charts=tuple(charts(material.summary, material.ink)),
        grids=(grid("peers", "Time ratios of interleaved runs", material.summary.peers, COLUMNS),),
    )


def charts(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """Time ratios against the first of each group, with intervals."""
    table = summary.peers[np.isfinite(summary.peers["ratio"])]
    if table.empty:
        return
    sheet, parts = Sheet((5.6, 1.3 + 0.36 * len(table))), []
    for place, line in enumerate(lines_of(table)):
        name, ratio = str(line.label), times_text(line.ratio)
        reach = f"[{times_text(line.low)} to {times_text(line.high)}], {line.rounds:.0f} rounds"
        tip = f"{name}: {ratio} the time of {line.base} {reach}"
        sheet.estimate(place, line.ratio, line.low, line.high, name=name, look=ink.palette[name], tip=tip)
        parts.append(words("peers.ratio", method=name, ratio=ratio, base=line.base))
    sheet.axes.axvline(1, color=SOFT, linewidth=1)
    sheet.axes.set_xscale("log")
    sheet.names(table["label"], 30)
    sheet.axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: times_text(value)))
    sheet.axes.set_xlabel("time over that of the first of its group")
    yield sheet.chart("peers", "Time beside peers, interleaved", joined(parts))
