"""What redundancy buys: PSNR and time against the stride of the blocks, and the one against the other."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from matplotlib.axes import Axes

from reports.derive.scores import main_sigma
from reports.derive.summary import Summary
from reports.draw.look import Chart, numbered
from reports.draw.number_text import seconds_text, times_text
from reports.draw.sheet import Ink, Sheet, seconds_axis
from reports.read.methods import DCT
from reports.read.tables import least_of, lines_of, most_of
from reports.sections.section import Material, Section
from reports.sections.times import median_text
from reports.sections.words import joined, words


def section(material: Material) -> Section:
    """Redundancy against quality and time."""
    return Section(
        "stride",
        "What redundancy buys: stride against PSNR and time",
        material.command,
        about=words("stride.about"),
        charts=tuple(charts(material.summary, material.ink)),
    )


def charts(summary: Summary, _: Ink) -> Iterator[Chart]:
    """PSNR against stride, time against stride, and the one against the other with random subsets."""
    sigma = main_sigma(summary.scored)
    yield from _psnr(summary, sigma)
    yield from _times(summary)
    yield from _redundancy(summary, sigma)


def _psnr(summary: Summary, sigma: float | None) -> Iterator[Chart]:
    table = summary.comparison.main
    plain = _plain(table[(table["method"] == DCT) & (table["sigma_255"] == sigma)])
    plain = plain[plain.groupby("block_size")["stride"].transform("nunique") > 1]
    if len(plain["stride"].unique()) < 2:  # noqa: PLR2004 - a curve has two points
        return
    sheet, parts = Sheet(), []
    for look, (block, group) in zip(numbered(9), plain.groupby("block_size"), strict=False):
        tips = [
            f"{line.label}: {line.psnr_db:.2f} dB at ratio {line.ratio:g}, n = {line.n}" for line in lines_of(group)
        ]
        sheet.line(group["stride"], group["psnr_db"], name=f"{block:g}×{block:g} blocks", look=look, tips=tips)
        first, last = group.iloc[0], group.iloc[-1]
        loss = first["psnr_db"] - last["psnr_db"]
        parts.append(words("stride.loss", block=block, last=last["stride"], loss=loss, first=first["stride"]))
    _stride_axis(sheet.axes, plain["stride"])
    sheet.axes.set_ylabel("mean PSNR (dB)")
    yield sheet.chart("stride-psnr", f"PSNR against stride, sigma {sigma:g}", joined(parts))


def _times(summary: Summary) -> Iterator[Chart]:
    timed = _with_grid(summary)
    timed = timed[timed.groupby("block_size")["stride"].transform("nunique") > 1]
    if timed.empty:
        return
    counts = timed.groupby("pixels")["stride"].nunique()
    timed = timed[timed["pixels"] == counts.idxmax()]
    sheet, parts = Sheet(), []
    for look, (block, group) in zip(numbered(9), timed.sort_values("stride").groupby("block_size"), strict=False):
        tips = [f"{line.label}: {median_text(line)}, n = {line.n}" for line in lines_of(group)]
        name = f"{block:g}×{block:g} blocks"
        sheet.line(group["stride"], group["median"], name=name, look=look, tips=tips)
        sheet.bars(group["stride"], group["low"], group["high"], name=name, look=look)
        first, last = group.iloc[0], group.iloc[-1]
        gain = times_text(first["median"] / last["median"])
        parts.append(words("stride.speed", block=block, last=last["stride"], gain=gain, first=first["stride"]))
    _stride_axis(sheet.axes, timed["stride"])
    sheet.axes.set_yscale("log")
    seconds_axis(sheet.axes.yaxis, "time")
    size = f"{timed['width'].iloc[0]:.0f} × {timed['height'].iloc[0]:.0f}"
    yield sheet.chart("stride-time", f"Time against stride, {size}", joined(parts))


def _redundancy(summary: Summary, sigma: float | None) -> Iterator[Chart]:
    own = summary.traded[(summary.traded["method"] == DCT) & (summary.traded["sigma_255"] == sigma)]
    own = own[~own["label"].str.contains("engine|learn|color|rule", regex=True)]
    if len(own) < 2:  # noqa: PLR2004 - one point is no trade
        return
    groups = list(_kinds(own).groupby(["block_size", "kind"], observed=True))
    sheet = Sheet()
    for look, ((block, kind), group) in zip(numbered(len(groups)), groups, strict=True):
        ordered = group.sort_values("per_megapixel")
        tips = [
            f"{line.label}: {line.psnr_db:.2f} dB, {seconds_text(line.per_megapixel)} per megapixel, n = {line.n}"
            for line in lines_of(ordered)
        ]
        name, dashed = f"{block:g}×{block:g}, {kind}", "-" if kind == "grid" else "--"
        sheet.line(ordered["per_megapixel"], ordered["psnr_db"], name=name, look=look, tips=tips, dashed=dashed)
    sheet.axes.set_xscale("log")
    seconds_axis(sheet.axes.xaxis, "time per megapixel")
    sheet.axes.set_ylabel("mean PSNR (dB)")
    best, fastest = most_of(own, "psnr_db"), least_of(own, "per_megapixel")
    finding = words(
        "stride.span",
        fastest=fastest["label"],
        fastest_db=fastest["psnr_db"],
        fastest_time=seconds_text(fastest["per_megapixel"]),
        best=best["label"],
        best_db=best["psnr_db"],
        best_time=seconds_text(best["per_megapixel"]),
    )
    yield sheet.chart("redundancy", f"What redundancy buys, sigma {sigma:g}", finding)


def _kinds(own: pd.DataFrame) -> pd.DataFrame:
    """Blocks on a grid and random subsets as two kinds, which meet at full redundancy."""
    chosen = own["label"].str.contains("spacing", regex=False)
    whole = own[own["label"].str.fullmatch(r"DCT \d+×\d+") & own["block_size"].isin(own.loc[chosen, "block_size"])]
    random = pd.concat([whole, own[chosen]]).assign(kind="random subset")
    return pd.concat([own[~chosen].assign(kind="grid"), random])


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """DCT lines whose label names nothing beyond block size and stride."""
    plain = table["label"].astype(str).str.fullmatch(r"DCT \d+×\d+(, stride \d+)?")
    return table[plain].sort_values(["block_size", "stride"]) if "stride" in table else table[plain]


def _with_grid(summary: Summary) -> pd.DataFrame:
    """Timed plain DCT cases with their block size and stride as numbers."""
    own, number = _plain(summary.timed[summary.timed["method"] == DCT]), summary.methods.number
    block_size = own["options"].map(lambda text: number(DCT, text, "block_size"))
    return own.assign(block_size=block_size, stride=own["options"].map(lambda text: number(DCT, text, "stride")))


def _stride_axis(axes: Axes, values: pd.Series[float]) -> None:
    axes.set_xscale("log", base=2)
    axes.set_xticks(sorted(values.unique()), [f"{value:g}" for value in sorted(values.unique())])
    axes.set_xlabel("stride (1 = full redundancy)")
