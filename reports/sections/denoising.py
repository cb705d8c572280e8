"""Denoising: PSNR and what is left of the noise for every denoiser at its compared setting, with crops."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from reports.derive.leaders import leaders
from reports.derive.summary import Summary
from reports.draw.grid import grid
from reports.draw.look import Chart
from reports.draw.number_text import listed
from reports.draw.sheet import Ink, Sheet, limited, short, slug
from reports.read.tables import lines_of
from reports.sections.score_tables import (
    USUAL_NOISE,
    channels_text,
    image_grid,
    images_text,
    narrow,
    settings_text,
    standings,
    without,
)
from reports.sections.section import Material, Section
from reports.sections.words import words


def section(material: Material) -> Section:
    """Noisy, DCT, FFDNet and the others, failed ones too: PSNR, residual deviation, crops."""
    table = standings(material.summary, "denoise")
    caption = f"Denoisers, mean over images, {settings_text(table)}"
    hidden = ("scale",) if (table["degradation"].astype(str) != USUAL_NOISE).any() else ("degradation", "scale")
    return Section(
        "denoising",
        "Denoising: what is left of the noise",
        material.command,
        about=words("denoising.about"),
        charts=tuple(charts(material.summary, material.ink)),
        grids=(
            grid("denoising", caption, narrow(table), without(*hidden, summary=material.summary)),
            image_grid(material, "denoise"),
        ),
        panels=tuple(panel for panel in material.panels if panel.source == "quality" and panel.task != "upscale"),
    )


def charts(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """PSNR and residual deviation of every denoiser on the main boards, per sigma, a figure for each kind of images."""
    main = summary.comparison.main
    main = main[(main["task"] == "denoise") & (main["sigma_255"] > 0)]
    for (_, damage), best in main.astype({"degradation": object}).groupby(["channels", "degradation"]):
        apart = channels_text(best, among=main) + (f", {short(damage)}" if damage != USUAL_NOISE else "")
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
            name = slug(f"denoise-{quantity}{apart}")
            yield sheet.chart(name, f"{title} against sigma{apart}", _finding(summary, best, quantity, unit))


def _finding(summary: Summary, best: pd.DataFrame, quantity: str, unit: str) -> str:
    parts = []
    for (_, sigma), group in best.groupby(["degradation", "sigma_255"]):
        labels, value = leaders(group, quantity, "{:.2f}".format, least=quantity != "psnr_db")
        images = images_text(summary.comparison, group)
        parts.append(words("denoising.at", sigma=sigma, methods=listed(labels), value=value, unit=unit, images=images))
    return words("denoising.best", methods=", ".join(parts), settings=settings_text(best))
