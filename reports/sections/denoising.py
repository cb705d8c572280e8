"""Denoising: PSNR and what is left of the noise for every denoiser at its best ratio, with crops."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from reports.derive.summary import Summary
from reports.draw.grid import grid
from reports.draw.look import Chart
from reports.draw.sheet import Ink, Sheet, limited, slug
from reports.read.tables import least_of, lines_of, most_of
from reports.sections.score_tables import best_of, image_grid, without
from reports.sections.section import Material, Section
from reports.sections.words import words


def section(material: Material) -> Section:
    """Noisy, DCT, FFDNet and the others: PSNR, residual deviation, crops."""
    best = best_of(material.summary, "denoise").sort_values(["sigma_255", "psnr_db"])
    caption = "Denoisers at their best ratio, mean over images"
    return Section(
        "denoising",
        "Denoising: what is left of the noise",
        material.command,
        about=words("denoising.about"),
        charts=tuple(charts(material.summary, material.ink)),
        grids=(grid("denoising", caption, best, without("degradation", "scale")), image_grid(material, "denoise")),
        panels=tuple(panel for panel in material.panels if panel.source == "quality" and panel.task != "upscale"),
    )


def charts(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """PSNR and residual deviation of every denoiser at its best ratio, per sigma."""
    best = best_of(summary, "denoise")
    best = best[best["channels"] == best["channels"].mode().iloc[0]] if len(best) else best
    for quantity, title, unit in (("psnr_db", "PSNR", "dB"), ("residual_std_255", "Residual deviation", "/ 255")):
        shown = best[np.isfinite(best[quantity]) & ~best["label"].str.contains("stride|spacing", regex=True)]
        if shown.empty:
            continue
        sheet = Sheet((5.6, 4.2))
        for label, group in limited(shown.groupby("label", sort=False)):
            ordered, look = group.sort_values("sigma_255"), ink.palette[str(label)]
            tips = [
                f"{label}, sigma {line.sigma_255:g}: {getattr(line, quantity):.2f} {unit}, n = {line.n}"
                for line in lines_of(ordered)
            ]
            sheet.line(ordered["sigma_255"], ordered[quantity], name=str(label), look=look, tips=tips)
        sheet.axes.set(xlabel="sigma of the noise (/ 255)", ylabel=f"{title} ({unit})")
        yield sheet.chart(f"denoise-{slug(quantity)}", f"{title} against sigma", _finding(shown, quantity, unit))


def _finding(shown: pd.DataFrame, quantity: str, unit: str) -> str:
    parts = []
    for sigma, group in shown.groupby("sigma_255"):
        one = most_of(group, quantity) if quantity == "psnr_db" else least_of(group, quantity)
        parts.append(f"at sigma {sigma:g} {one['label']} ({one[quantity]:.2f} {unit})")
    return words("denoising.best", methods=", ".join(parts))
