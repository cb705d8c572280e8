"""Upscaling: the networks against bicubic and the others, per way of making the low resolution, with crops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from reports.derive.leaders import leaders
from reports.derive.scores import RIVALS, per_image
from reports.derive.summary import Summary
from reports.draw.grid import grid
from reports.draw.look import MARKERS, Chart
from reports.draw.number_text import gain_text, listed
from reports.draw.sheet import Ink, Sheet, short, slug
from reports.read.tables import lines_of
from reports.sections.score_tables import (
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
from reports.sections.words import words

BASE = "bicubic"
"""The label of the upscaler that the others are set against."""


def section(material: Material) -> Section:
    """Every upscaler, failed ones too, per degradation, with crops."""
    table = standings(material.summary, "upscale")
    mean = grid(
        "upscaling",
        "Upscalers, mean over images",
        narrow(table),
        without("setting", "sigma_255", summary=material.summary),
    )
    return Section(
        "upscaling",
        "Upscaling: what is gained over bicubic",
        material.command,
        about=words("upscaling.about"),
        findings=(*_gains(material.summary), *_trained(material, set(table["method"].astype(str)))),
        charts=tuple(charts(material.summary, material.ink)),
        grids=(mean, image_grid(material, "upscale")),
        panels=tuple(panel for panel in material.panels if panel.source == "quality" and panel.task == "upscale"),
    )


def _gains(summary: Summary) -> Iterator[str]:
    """The best gain over bicubic on each kind of input, as a mean of paired differences."""
    main = summary.ranked[summary.ranked["task"] == "upscale"]
    parts = []
    for _, own in main.groupby(RIVALS, observed=True, sort=False):
        wide = per_image(summary.comparison.counted, own)
        if BASE in wide and wide.shape[1] > 1:
            means = wide.drop(columns=BASE).sub(wide[BASE], axis=0).mean().rename("gain").rename_axis("label")
            best, gain = leaders(means.reset_index(), "gain", gain_text)
            kind = level(next(lines_of(own))) + channels_text(own, among=main)
            images = images_text(summary.comparison, own)
            if means.max() > 0:
                parts.append(words("upscaling.gain", methods=listed(best), gain=gain, kind=kind, images=images))
            else:
                parts.append(words("upscaling.no_gain", methods=listed(best), gain=gain, kind=kind, images=images))
    if parts:
        yield words("upscaling.gains", gains="; ".join(parts))
    elif len(main):
        yield words("upscaling.no_base")
    elif (summary.standings["task"] == "upscale").any():
        yield words("upscaling.none")


def _trained(material: Material, scored: set[str]) -> Iterator[str]:
    """What the networks among those `scored` were trained for, as their records say."""
    records = [record for record in material.run.listed("methods") if str(record.get("name")) in scored]
    named: dict[str, list[str]] = {"psnr": [], "looks": [], "unsaid": []}
    for record in records:
        named.get(str(record.get("trained_for")), []).append(str(record["title"]))
    if named["psnr"]:
        yield words("upscaling.trained_psnr", methods=listed(named["psnr"]))
    if named["looks"]:
        yield words("upscaling.trained_looks", methods=listed(named["looks"]))
    if named["unsaid"]:
        yield words("upscaling.trained_unsaid", methods=listed(named["unsaid"]))


def charts(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """PSNR of every upscaler on the main boards per degradation, a figure per scale and number of channels."""
    main = summary.comparison.main
    main = main[main["task"] == "upscale"]
    for (scale, _), group in main.groupby(["scale", "channels"], observed=True):
        apart = channels_text(group, among=main)
        kinds = group["degradation"].astype(str).unique().tolist()
        sheet = Sheet((5.6, 1.8 + 0.45 * len(kinds)))
        for number, (label, lines) in enumerate(group.groupby("label", sort=False)):
            look = replace(ink.palette[str(label)], marker=MARKERS[number % len(MARKERS)])  # some are of one family
            tips = [
                f"{label} on {line.degradation}: {line.psnr_db:.2f} dB, SSIM {line.ssim:.4f}, n = {line.n}"
                for line in lines_of(lines)
            ]
            where = [kinds.index(kind) for kind in lines["degradation"].astype(str)]
            sheet.points(lines["psnr_db"], where, name=str(label), look=look, tips=tips)
        sheet.names(kinds, 28)
        luma = " of the luma" if group["channels"].iloc[0] > 1 else ""
        sheet.axes.set_xlabel(f"PSNR{luma} (dB), mean over images")
        name = slug(f"upscale-{scale:g}{apart}")
        yield sheet.chart(name, f"Upscaling ×{scale:g} by degradation{apart}", _finding(summary, group), columns=2)


def _finding(summary: Summary, group: pd.DataFrame) -> str:
    parts = [_ahead(own, images_text(summary.comparison, own)) for _, own in group.groupby("degradation", sort=False)]
    return words("upscaling.ahead", methods=", ".join(parts), settings=settings_text(group))


def _ahead(group: pd.DataFrame, images: str) -> str:
    """Who leads on one degradation, and by how much; those that no reader of the written numbers can tell apart tie."""
    kind = short(str(group["degradation"].iloc[0]))
    first, _ = leaders(group, "psnr_db", "{:.2f}".format)
    if len(group) == 1:
        return words("upscaling.alone", kind=kind, method=first[0], images=images)
    if len(first) > 1:
        return words("upscaling.tied", kind=kind, methods=listed(first), images=images)
    ordered = group["psnr_db"].sort_values(ascending=False)
    return words("upscaling.leads", kind=kind, method=first[0], lead=ordered.iloc[0] - ordered.iloc[1], images=images)
