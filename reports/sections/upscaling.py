"""Upscaling: RDN against bicubic and the others, per way of making the low resolution, with crops."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from reports.derive.summary import Summary
from reports.draw.grid import grid
from reports.draw.look import Chart
from reports.draw.sheet import Ink, Sheet, short
from reports.read.tables import lines_of
from reports.sections.score_tables import best_of, image_grid, without
from reports.sections.section import Material, Section
from reports.sections.words import words


def section(material: Material) -> Section:
    """RDN against bicubic, per degradation, with crops."""
    best = best_of(material.summary, "upscale")
    mean = grid("upscaling", "Upscalers, mean over images", best, without("ratio", "sigma_255"))
    return Section(
        "upscaling",
        "Upscaling: RDN against bicubic",
        material.command,
        about=words("upscaling.about"),
        charts=tuple(charts(material.summary, material.ink)),
        grids=(mean, image_grid(material, "upscale")),
        panels=tuple(panel for panel in material.panels if panel.source == "quality" and panel.task == "upscale"),
    )


def charts(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """PSNR of every upscaler per degradation, a figure per scale."""
    for scale, group in best_of(summary, "upscale").groupby("scale", observed=True):
        kinds = group["degradation"].astype(str).unique().tolist()
        sheet = Sheet((5.6, 1.8 + 0.45 * len(kinds)))
        for label, lines in group.groupby("label", sort=False):
            tips = [
                f"{label} on {line.degradation}: {line.psnr_db:.2f} dB, SSIM {line.ssim:.4f}, n = {line.n}"
                for line in lines_of(lines)
            ]
            where = [kinds.index(kind) for kind in lines["degradation"].astype(str)]
            sheet.points(lines["psnr_db"], where, name=str(label), look=ink.palette[str(label)], tips=tips)
        sheet.names(kinds, 28)
        sheet.axes.set_xlabel("PSNR of the luma (dB), mean over images")
        yield sheet.chart(f"upscale-{scale:g}", f"Upscaling ×{scale:g} by degradation", _finding(group, kinds))


def _finding(group: pd.DataFrame, kinds: list[str]) -> str:
    parts = []
    for kind in kinds:
        ordered = group[group["degradation"].astype(str) == kind].sort_values("psnr_db", ascending=False)
        lead = f" by {ordered['psnr_db'].iloc[0] - ordered['psnr_db'].iloc[1]:.2f} dB" if len(ordered) > 1 else ""
        parts.append(f"on {short(kind)} input {ordered['label'].iloc[0]}{lead}")
    return words("upscaling.ahead", methods=", ".join(parts))
