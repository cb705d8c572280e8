"""How far from the machine's limit: speed reached against arithmetic intensity, below what a probe found possible."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from reports.derive.families import FAMILIES
from reports.derive.leaders import leaders, ranked, span
from reports.derive.roof import Roof, intensities, roof_of
from reports.derive.summary import Summary
from reports.draw.columns import columns
from reports.draw.grid import grid
from reports.draw.look import SOFT, Chart, Look
from reports.draw.number_text import count_text, listed, signed
from reports.draw.sheet import Ink, Sheet
from reports.read.tables import lines_of
from reports.sections.section import Material, Section
from reports.sections.words import words

_NETWORKS = [method for family in FAMILIES if family.key in {"ffdnet", "rdn"} for method in family.methods]

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
        findings=tuple(_nearest(shown)),
        charts=tuple(charts(material.summary, material.ink)),
        grids=(
            grid("roofline", "Speed and its limit", ranked(shown, "share", ["width", "height"], least=False), COLUMNS),
        ),
    )


def _nearest(shown: pd.DataFrame) -> Iterator[str]:
    """Which method comes nearest to its limit and which stays farthest from it, each at its best."""
    if shown.empty:
        return
    best = shown.groupby("label", sort=False)["share"].max().reset_index()
    found = span(best, "share", lambda share: signed(f"{share:.0%}"))
    if found is None:
        yield words("roofline.not_probed")
    elif found.level:
        yield words("roofline.alike", methods=listed(found.at_least), share=found.least)
    else:
        nearest, farthest = listed(found.at_most), listed(found.at_least)
        yield words("roofline.nearest", nearest=nearest, most=found.most, farthest=farthest, least=found.least)


def charts(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """Speed reached against arithmetic intensity, below the limits of the machine."""
    table, roof = intensities(summary), roof_of(summary)
    if table.empty:
        return
    sheet = Sheet((5.6, 4.4))
    for label, group in _networks_first(table).groupby("label", sort=False):
        ordered, name = group.sort_values("gops"), str(label)
        tips = [_tip(line, roof) for line in lines_of(ordered)]
        sheet.points(ordered["intensity"], ordered["gops"], name=name, look=ink.palette[name], tips=tips, text=name)
    span = np.geomspace(table["intensity"].min() / 3, table["intensity"].max() * 3, 80)
    for (name, peak), dash in zip(roof.peaks.items(), ("-", "--", ":", "-."), strict=False):
        limit = np.minimum(peak, roof.bandwidth * span)
        sheet.axes.plot(span, limit, color=SOFT, linewidth=1.2, linestyle=dash)
        sheet.name(f"limit, {name}", span[-1], limit[-1], look=Look(SOFT, ""))
    sheet.axes.set(
        xscale="log",
        yscale="log",
        xlabel="executed multiply-adds per byte (at most)",
        ylabel="billion executed multiply-adds / s",
    )
    yield sheet.chart("roofline", "Speed against intensity", _finding(table, roof))


def _networks_first(table: pd.DataFrame) -> pd.DataFrame:
    """The networks before all others, then the fastest first: what is drawn first has the better place for its name."""
    network = table["method"].isin(_NETWORKS)
    fastest = table.groupby("label")["gops"].transform("max")
    return table.assign(network=network, fastest=fastest).sort_values(["network", "fastest"], ascending=False)


def _finding(shown: pd.DataFrame, roof: Roof) -> str:
    names, speed = leaders(shown, "gops", count_text)
    best = max(lines_of(shown), key=lambda line: float(line.gops))
    share = _share_text(best, roof) if len(names) == 1 else ""
    if len(shown["label"].unique()) == 1:
        return words("roofline.one", method=names[0], speed=speed, share=share)
    return words("roofline.fastest", methods=listed(names), speed=speed, share=share)


def _tip(line: Any, roof: Roof) -> str:
    speed = f"{count_text(line.gops)} billion executed multiply-adds per second at {line.intensity:.3g} per byte"
    return f"{line.label} at {line.width:.0f} × {line.height:.0f}: {speed}{_share_text(line, roof)}"


def _share_text(line: Any, roof: Roof) -> str:
    limit = roof.limit(str(line.dtype), line.intensity)
    return "" if math.isnan(limit) else f", {signed(f'{line.gops / limit:.0%}')} of the limit there"


def _about(roof: Roof, *, above: bool) -> str:
    if not roof.peaks:
        return words("roofline.executed")
    peaks = ", ".join(f"{count_text(peak)} ({name})" for name, peak in roof.peaks.items())
    moved = words("roofline.bytes", bandwidth=count_text(roof.bandwidth)) if math.isfinite(roof.bandwidth) else ""
    said = words("roofline.about", peaks=peaks, bytes=moved)
    said = f"{said} {words('roofline.executed')}"
    return f"{said} {words('roofline.above')}" if above else said
