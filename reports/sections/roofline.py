"""How far from the machine's limit: speed reached against arithmetic intensity, below what a probe found possible."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from reports.derive.roof import Roof, intensities, roof_of
from reports.derive.summary import Summary
from reports.draw.grid import SIZE, grid, number_cell, text_cell
from reports.draw.look import SOFT, Chart
from reports.draw.sheet import Ink, Sheet, limited
from reports.read.tables import lines_of, most_of
from reports.sections.section import Material, Section
from reports.sections.words import words

COLUMNS = {
    "label": ("method", text_cell),
    **SIZE,
    "intensity": ("multiply-adds per byte", number_cell(".3g")),
    "gops": ("billion multiply-adds / s", number_cell(".3g")),
    "limit": ("limit there", number_cell(".3g")),
    "share": ("share of the limit", number_cell(".0%")),
}


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
    for label, group in limited(table.groupby("label", sort=False)):
        tips = [_tip(line, roof) for line in lines_of(group)]
        sheet.points(group["intensity"], group["gops"], name=str(label), look=ink.palette[str(label)], tips=tips)
    span = np.geomspace(table["intensity"].min() / 3, table["intensity"].max() * 3, 80)
    for (name, peak), dash in zip(roof.peaks.items(), ("-", "--", ":", "-."), strict=False):
        limit = np.minimum(peak, roof.bandwidth * span)
        sheet.axes.plot(span, limit, color=SOFT, linewidth=1.2, linestyle=dash, label=f"limit, {name}")
    sheet.axes.set(
        xscale="log", yscale="log", xlabel="multiply-adds per byte (at most)", ylabel="billion multiply-adds / s"
    )
    sheet.legend()
    best = most_of(table, "gops")
    finding = words("roofline.fastest", method=best["label"], speed=best["gops"], share=_share_text(best, roof))
    yield sheet.chart("roofline", "Speed against intensity", finding)


def _tip(line: Any, roof: Roof) -> str:
    speed = f"{line.gops:.3g} billion multiply-adds per second at {line.intensity:.3g} per byte"
    return f"{line.label} at {line.width:.0f} × {line.height:.0f}: {speed}{_share_text(line, roof)}"


def _share_text(line: Any, roof: Roof) -> str:
    limit = roof.limit(str(line.dtype), line.intensity)
    return "" if math.isnan(limit) else f", {line.gops / limit:.0%} of the limit there"


def _about(roof: Roof, *, above: bool) -> str:
    if not roof.peaks:
        return words("roofline.not_probed")
    peaks = ", ".join(f"{peak:.3g} ({name})" for name, peak in roof.peaks.items())
    said = words("roofline.about", peaks=peaks, bandwidth=roof.bandwidth)
    return f"{said} {words('roofline.above')}" if above else said
