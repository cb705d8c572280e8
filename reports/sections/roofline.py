"""How far from the machine's limit: speed reached against arithmetic intensity, below what a probe found possible."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from reports.derive.leaders import leaders
from reports.derive.roof import Roof, intensities, roof_of
from reports.derive.summary import Summary
from reports.draw.columns import columns
from reports.draw.grid import grid
from reports.draw.look import SOFT, Chart
from reports.draw.number_text import count_text, listed
from reports.draw.sheet import Ink, Sheet, few
from reports.read.tables import lines_of, most_of
from reports.sections.section import Material, Section
from reports.sections.times import left_out
from reports.sections.words import words

COLUMNS = columns(
    "label width height intensity gops limit share",
    intensity=("executed multiply-adds per byte", count_text),
    gops=("billion executed multiply-adds / s", count_text),
    share=("share of the limit", ".0%"),
)


def section(material: Material) -> Section:
    """How far from the machine's limits."""
    table, roof = intensities(material.summary), roof_of(material.summary)
    limit = pd.Series([roof.limit(str(line.dtype), line.intensity) for line in lines_of(table)], table.index, float)
    shown = table.assign(limit=limit, share=table["gops"] / limit)
    return Section(
        "roofline",
        "How far from the machine's limit",
        material.command,
        makes="restobench run --spec full",
        about=_about(roof, above=bool((shown["share"] > 1).any())),
        charts=tuple(charts(material.summary, material.ink)),
        grids=(grid("roofline", "Speed and its limit", shown, COLUMNS),),
    )


def charts(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """Speed reached against arithmetic intensity, below the limits of the machine."""
    table, roof = intensities(summary), roof_of(summary)
    if table.empty:
        return
    sheet = Sheet((5.6, 4.4))
    fastest = table.groupby("label", sort=False)["gops"].transform("max").sort_values(ascending=False, kind="stable")
    shown, left = few(table.loc[fastest.index], "label")
    for label, group in shown.groupby("label", sort=False):
        tips = [_tip(line, roof) for line in lines_of(group)]
        sheet.points(group["intensity"], group["gops"], name=str(label), look=ink.palette[str(label)], tips=tips)
    span = np.geomspace(table["intensity"].min() / 3, table["intensity"].max() * 3, 80)
    for (name, peak), dash in zip(roof.peaks.items(), ("-", "--", ":", "-."), strict=False):
        limit = np.minimum(peak, roof.bandwidth * span)
        sheet.axes.plot(span, limit, color=SOFT, linewidth=1.2, linestyle=dash, label=f"limit, {name}")
    sheet.axes.set(
        xscale="log",
        yscale="log",
        xlabel="executed multiply-adds per byte (at most)",
        ylabel="billion executed multiply-adds / s",
    )
    yield sheet.chart("roofline", "Speed against intensity", f"{_finding(shown, roof)}{left_out(left)}")


def _finding(shown: pd.DataFrame, roof: Roof) -> str:
    names, speed = leaders(shown, "gops", count_text)
    best = most_of(shown, "gops")
    share = _share_text(best, roof) if len(names) == 1 else ""
    if len(shown["label"].unique()) == 1:
        return words("roofline.one", method=names[0], speed=speed, share=share)
    return words("roofline.fastest", methods=listed(names), speed=speed, share=share)


def _tip(line: Any, roof: Roof) -> str:
    speed = f"{count_text(line.gops)} billion executed multiply-adds per second at {line.intensity:.3g} per byte"
    return f"{line.label} at {line.width:.0f} × {line.height:.0f}: {speed}{_share_text(line, roof)}"


def _share_text(line: Any, roof: Roof) -> str:
    limit = roof.limit(str(line.dtype), line.intensity)
    return "" if math.isnan(limit) else f", {line.gops / limit:.0%} of the limit there"


def _about(roof: Roof, *, above: bool) -> str:
    if not roof.peaks:
        return f"{words('roofline.not_probed')} {words('roofline.executed')}"
    peaks = ", ".join(f"{count_text(peak)} ({name})" for name, peak in roof.peaks.items())
    moved = words("roofline.bytes", bandwidth=count_text(roof.bandwidth)) if math.isfinite(roof.bandwidth) else ""
    said = words("roofline.about", peaks=peaks, bytes=moved)
    said = f"{said} {words('roofline.executed')}"
    return f"{said} {words('roofline.above')}" if above else said
