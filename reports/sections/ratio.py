"""Which threshold: PSNR against the ratio T / sigma, and the best ratio of each block size and sigma."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from reports.derive.summary import Summary
from reports.draw.columns import columns
from reports.draw.grid import grid
from reports.draw.look import INK, Chart, numbered
from reports.draw.number_text import listed
from reports.draw.sheet import Ink, Sheet, slug
from reports.read.tables import lines_of
from reports.sections.section import Material, Section
from reports.sections.words import joined, words

COLUMNS = columns("label channels sigma_255 best_ratio vertex psnr_db low high n")


def section(material: Material) -> Section:
    """PSNR against T / sigma, the optimum marked."""
    optima = material.summary.optima
    return Section(
        "ratio",
        "Which threshold: PSNR against ratio",
        material.command,
        text=_text(optima),
        charts=tuple(charts(material.summary, material.ink)),
        grids=(grid("ratio-optima", "Best ratio of each method, by sigma", optima, COLUMNS),),
    )


def charts(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """PSNR against the threshold ratio, per block size: a line per sigma, its optimum ringed."""
    for (label, channels), optima in summary.optima.groupby(["label", "channels"], observed=True, sort=False):
        sheet = Sheet()
        sweep = summary.scored[(summary.scored["label"] == label) & (summary.scored["channels"] == channels)]
        for look, best in zip(numbered(len(optima), ink.palette[str(label)].color), lines_of(optima), strict=True):
            curve = sweep[sweep["sigma_255"] == best.sigma_255].sort_values("ratio")
            tips = [
                f"sigma {best.sigma_255:g}, ratio {line.ratio:g}: {line.psnr_db:.2f} dB, n = {line.n}"
                for line in lines_of(curve)
            ]
            sheet.line(curve["ratio"], curve["psnr_db"], name=f"sigma {best.sigma_255:g}", look=look, tips=tips)
            _ring(sheet, best)
        sheet.axes.margins(y=0.12)
        sheet.axes.set(xlabel="ratio = threshold / sigma", ylabel="mean PSNR (dB)")
        finding = joined(
            words("ratio.best", sigma=best.sigma_255, ratios=listed(best.tied), psnr_db=best.psnr_db)
            for best in lines_of(optima)
        )
        name = f"ratio-{slug(str(label))}-{channels:g}"
        yield sheet.chart(name, f"{label}: PSNR against ratio", finding)


def _ring(sheet: Sheet, best: Any) -> None:
    place = (best.best_ratio, best.psnr_db)
    sheet.axes.plot([place[0]], [place[1]], "o", markersize=13, markerfacecolor="none", markeredgecolor=INK)
    sheet.axes.annotate(f"{best.best_ratio:g}", place, (0, 10), textcoords="offset points", ha="center")


def _text(optima: pd.DataFrame) -> tuple[str, ...]:
    if optima.empty:
        return ()
    first = optima.iloc[0]
    one = optima[(optima["label"] == first["label"]) & (optima["channels"] == first["channels"])]
    best = "; ".join(
        f"{listed(line.tied)} at sigma {line.sigma_255:g}" for line in lines_of(one.sort_values("sigma_255"))
    )
    said = words("ratio.about", method=first["label"], optima=best)
    edge = int((~optima["inside"].astype(bool)).sum())
    return (f"{said} {words('ratio.edge', count=edge, all=len(optima))}" if edge else said,)
