"""Denoising: PSNR and what is left of the noise for every denoiser at its compared setting, with crops."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from reports.derive.leaders import leaders, span
from reports.derive.summary import Summary
from reports.draw.grid import grid
from reports.draw.look import Chart
from reports.draw.number_text import listed
from reports.draw.sheet import Ink, Sheet, limited, short, slug
from reports.read.methods import DCT
from reports.read.tables import lines_of
from reports.sections.score_tables import (
    USUAL_NOISE,
    channels_text,
    image_grid,
    images_text,
    level,
    narrow,
    settings_text,
    standings,
    without,
)
from reports.sections.section import Material, Section
from reports.sections.tradeoff import main_input
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
        findings=tuple(_left(material.summary)),
        charts=tuple(charts(material.summary, material.ink)),
        grids=(
            grid("denoising", caption, narrow(table), without(*hidden, summary=material.summary)),
            image_grid(material, "denoise"),
        ),
        panels=tuple(panel for panel in material.panels if panel.source == "quality" and panel.task != "upscale"),
    )


def _left(summary: Summary) -> Iterator[str]:
    """What is left of the noise of the main sigma, least and most, or else who has the highest PSNR there."""
    main = main_input(summary.ranked, "denoise")
    found = span(main, "residual_std_255", "{:.2f}".format) if len(main) else None
    if found is None:
        best, value = leaders(main, "psnr_db", "{:.2f}".format)
        if not best and (summary.standings["task"] == "denoise").any():
            yield words("denoising.none")
        elif best:
            images, kind = images_text(summary.comparison, main), level(next(lines_of(main)))
            yield words("denoising.highest", kind=kind, methods=listed(best), value=value, images=images)
        return
    images, kind, least = images_text(summary.comparison, main), level(next(lines_of(main))), listed(found.at_least)
    if found.level:
        yield words("denoising.same", kind=kind, methods=least, value=found.least, images=images)
    else:
        yield words(
            "denoising.left", kind=kind, least=found.least, methods=least, most=found.most,
            others=listed(found.at_most), images=images,
        )  # fmt: skip


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
            sheet, finding = Sheet((5.6, 4.2)), _finding(summary, best, quantity, unit)
            reference = _reference(shown) if quantity == "psnr_db" else ""
            drawn = _gains(shown, reference) if reference else shown.assign(drawn=shown[quantity])
            for label, group in limited(drawn.groupby("label", sort=False)):
                ordered, look = group.sort_values("sigma_255"), ink.palette[str(label)]
                tips = [
                    f"{label}, sigma {line.sigma_255:g}: {getattr(line, quantity):.2f} {unit}, n = {line.n}"
                    for line in lines_of(ordered)
                ]
                sheet.line(ordered["sigma_255"], ordered["drawn"], name=str(label), look=look, tips=tips)
            axis = f"{title} over that of {reference} ({unit})" if reference else f"{title} ({unit})"
            sheet.axes.set(xlabel="sigma of the noise (/ 255)", ylabel=axis)
            finding += f" {words('denoising.gain', reference=reference)}" if reference else ""
            name = slug(f"denoise-{quantity}{apart}")
            yield sheet.chart(name, f"{title} against sigma{apart}", finding)


def _reference(shown: pd.DataFrame) -> str:
    """The DCT as it is built, where it is among the lines beside another method; else none."""
    built = shown[(shown["method"] == DCT) & shown["as_built"].astype(bool)]
    others = shown[~shown["method"].isin([DCT, "noisy"])]
    return str(built["label"].iloc[0]) if len(built) and len(others) else ""


def _gains(shown: pd.DataFrame, reference: str) -> pd.DataFrame:
    """The lines but the noisy input with their PSNR over that of the reference on the same input, as `drawn`."""
    kind = ["degradation", "sigma_255"]
    base = shown.loc[shown["label"] == reference, [*kind, "psnr_db"]].rename(columns={"psnr_db": "base"})
    beside = shown[shown["method"] != "noisy"].merge(base, on=kind)
    return beside.assign(drawn=beside["psnr_db"] - beside["base"])


def _finding(summary: Summary, best: pd.DataFrame, quantity: str, unit: str) -> str:
    parts = []
    for (_, sigma), group in best.groupby(["degradation", "sigma_255"]):
        labels, value = leaders(group, quantity, "{:.2f}".format, least=quantity != "psnr_db")
        images = images_text(summary.comparison, group)
        parts.append(words("denoising.at", sigma=sigma, methods=listed(labels), value=value, unit=unit, images=images))
    return words("denoising.best", methods=", ".join(parts), settings=settings_text(best))
