"""Peers: time ratios of methods that were measured in turn, with intervals."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter

from reports.derive.leaders import ranked
from reports.derive.summary import Summary
from reports.draw.columns import columns, interval
from reports.draw.grid import grid
from reports.draw.look import SOFT, Chart
from reports.draw.number_text import counted, factor_reach, listed, seconds_text, takes_text, times_text
from reports.draw.sheet import Ink, Sheet
from reports.read.tables import least_of, lines_of
from reports.sections.section import Material, Section
from reports.sections.words import words

COMMAND = "restobench run --spec peers"
COLUMNS = columns(
    "group label base ratio low high rounds seconds base_seconds",
    ratio=("time ratio", times_text),
    seconds=("median", seconds_text),
    **interval(times_text),
)


def section(material: Material) -> Section:
    """Time ratios against the first of each group."""
    return Section(
        "peers",
        "Methods timed in turn",
        material.command,
        makes=COMMAND,
        about=words("peers.about"),
        findings=tuple(_fastest(material.summary.peers)),
        charts=tuple(charts(material.summary, material.ink)),
        grids=(
            grid(
                "peers", "Ratios of times measured in turn", ranked(material.summary.peers, "ratio", ["group"]), COLUMNS
            ),
        ),
    )


def _fastest(peers: pd.DataFrame) -> Iterator[str]:
    """The least ratio of all, and which ratios may be 1."""
    table = peers[np.isfinite(peers["ratio"])]
    if table.empty:
        return
    least = least_of(table, "ratio")
    reach = factor_reach(least["ratio"], least["low"], least["high"])
    said = f"{takes_text(least['ratio'], str(least['base']))}{reach}"
    one = words("peers.one", method=least["label"], takes=said, rounds=counted(least["rounds"], "round"))
    yield words("peers.least", ratios=counted(len(table), "ratio"), one=one) if len(table) > 1 else one
    alike = table[(table["low"] <= 1) & (table["high"] >= 1)]
    if len(alike):
        yield words("peers.alike", pairs=listed(f"{line.label} from {line.base}" for line in lines_of(alike)))


def charts(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """Time ratios against the first of each group, with intervals."""
    table = summary.peers[np.isfinite(summary.peers["ratio"])]
    if table.empty:
        return
    sheet, parts, several = Sheet((5.6, 1.3 + 0.36 * len(table))), [], len(table["group"].unique()) > 1
    for place, line in enumerate(lines_of(table)):
        name = str(line.label)
        said = f"{name} {takes_text(line.ratio, str(line.base))}"
        reach = factor_reach(line.ratio, line.low, line.high)
        tip = f"{said}{reach}, {counted(line.rounds, 'round')}, {line.width:.0f} × {line.height:.0f}"
        sheet.estimate(place, line.ratio, line.low, line.high, name=name, look=ink.palette[name], tip=tip)
        parts.append(f"{said} ({line.group})" if several else said)
    sheet.axes.axvline(1, color=SOFT, linewidth=1)
    sheet.axes.set_xscale("log")
    sheet.names(table["label"], 30)
    sheet.axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: times_text(value)))
    sheet.axes.set_xlabel("time over that of the method it is set against")
    yield sheet.chart("peers", "Time beside others, measured in turn", f"{'; '.join(parts)}.")
