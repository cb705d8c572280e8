"""Which threshold: PSNR against the ratio T / sigma, and the best ratio of each block size and sigma."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from reports.derive.summary import Summary
from reports.draw.columns import columns
from reports.draw.grid import grid
from reports.draw.look import INK, Chart, numbered
from reports.draw.number_text import counted, listed
from reports.draw.sheet import Ink, Sheet, slug
from reports.read.tables import lines_of
from reports.sections.section import Material, Section
from reports.sections.words import joined, words

COLUMNS = columns("label channels sigma_255 best_ratio vertex psnr_db n")


def section(material: Material) -> Section:
    """PSNR against T / sigma, the optimum marked."""
    optima = material.summary.optima
    return Section(
        "ratio",
        "Which threshold: PSNR against ratio",
        material.command,
        findings=_findings(material.summary),
        about=words("ratio.about"),
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
        said = joined(
            words("ratio.best", sigma=best.sigma_255, ratios=listed(best.tied), psnr_db=best.psnr_db)
            for best in lines_of(optima)
        )
        finding = f"{said} {words('ratio.over', images=counted(optima['n'].min(), 'image'))}"
        name = f"ratio-{slug(str(label))}-{channels:g}"
        yield sheet.chart(name, f"{label}: PSNR against ratio", finding)


def _loss(summary: Summary, optima: pd.DataFrame) -> Iterator[str]:
    """The most that the default ratio loses beside the best ones, where it was tried at every sigma."""
    case = ["label", "channels", "sigma_255"]
    sweep = summary.scored.astype({"label": object}).merge(optima[[*case, "psnr_db"]], on=case, suffixes=("", "_best"))
    default = sweep["method"].astype(str).map(lambda method: summary.methods.number(method, "{}", "ratio"))
    own = sweep[sweep["ratio"] == default]
    if own["sigma_255"].nunique() == len(optima):
        yield words("ratio.loss", ratio=own["ratio"].iloc[0], loss=(own["psnr_db_best"] - own["psnr_db"]).max())


def _ring(sheet: Sheet, best: Any) -> None:
    place = (best.best_ratio, best.psnr_db)
    sheet.axes.plot([place[0]], [place[1]], "o", markersize=13, markerfacecolor="none", markeredgecolor=INK)
    sheet.axes.annotate(f"{best.best_ratio:g}", place, (0, 10), textcoords="offset points", ha="center")


def _findings(summary: Summary) -> tuple[str, ...]:
    """The best ratios of the first method, what its default loses beside them, and how many lie at the edge."""
    optima = summary.optima
    if optima.empty:
        return ()
    first = optima.iloc[0]
    one = optima[(optima["label"] == first["label"]) & (optima["channels"] == first["channels"])]
    best = "; ".join(
        f"{listed(line.tied)} at sigma {line.sigma_255:g}" for line in lines_of(one.sort_values("sigma_255"))
    )
    images = counted(one["n"].min(), "image")
    said = " ".join((words("ratio.optima", method=first["label"], optima=best, images=images), *_loss(summary, one)))
    edge = int((~optima["inside"].astype(bool)).sum())
    return (f"{said} {words('ratio.edge', count=edge, all=len(optima))}" if edge else said,)
