"""What redundancy buys: PSNR and time against the stride of the blocks, and the one against the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from reports.derive.scores import main_sigma
from reports.derive.summary import Summary
from reports.draw.look import INK, Chart, numbered
from reports.draw.number_text import counted, fast_text, listed, seconds_text
from reports.draw.sheet import Ink, Sheet, seconds_axis
from reports.read.methods import DCT
from reports.read.tables import least_of, lines_of, most_of
from reports.sections.section import Material, Section
from reports.sections.times import median_text
from reports.sections.words import joined, words

_REDUNDANCIES = r"DCT \d+×\d+(, stride \d+)?(, spacing [\d.]+)?"
"""Labels of the DCT that differ in block size and redundancy alone."""


def section(material: Material) -> Section:
    """Redundancy against quality and time; what is found is said only beside a figure."""
    drawn = tuple(charts(material.summary, material.ink))
    return Section(
        "stride",
        "What redundancy buys: stride against PSNR and time",
        material.command,
        about=" ".join(_about(material.summary)),
        findings=_findings(material.summary) if drawn else (),
        charts=drawn,
    )


def _about(summary: Summary) -> Iterator[str]:
    """What a stride is; what a random subset is, where the run has one."""
    yield words("stride.about")
    if any("spacing" in label for method, label in summary.labels if method == DCT):
        yield words("stride.subset")


def charts(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """PSNR against stride, time against stride, and the one against the other with random subsets."""
    sigma = main_sigma(summary.scored)
    color = next((ink.palette[label].color for method, label in summary.labels if method == DCT), INK)
    yield from _psnr(summary, sigma, color)
    yield from _times(summary, color)
    yield from _redundancy(summary, sigma, color)


def _findings(summary: Summary) -> tuple[str, ...]:
    """Which full redundancy beats larger blocks of which some are left out, and what random subsets come to."""
    own = _redundancies(summary, main_sigma(summary.scored))
    if len(own) < 2:  # noqa: PLR2004 - one is beside no other
        return ()
    reduced = own["label"].str.contains("stride|spacing")
    beaten = {
        str(full.label): own[
            reduced
            & (own["block_size"] != full.block_size)
            & (own["per_megapixel"] > full.per_megapixel)
            & (own["psnr_db"] < full.psnr_db)
        ]
        for full in lines_of(own[~reduced])
    }
    label = max(beaten, key=lambda name: len(beaten[name]), default="")
    parts = [_span(own)]
    if label and len(beaten[label]):
        best = _place(own[own["label"] == label].iloc[0])
        parts.insert(0, words("stride.beats", full=best, others=listed(beaten[label]["label"])))
    return (" ".join((*parts, *_random_words(own), _over(own))),)


def _random_words(own: pd.DataFrame) -> Iterator[str]:
    """How many random subsets are slower and worse than a grid of blocks of their size."""
    chosen = own["label"].str.contains("spacing", regex=False)
    beaten = [
        ((rivals["per_megapixel"] < line.per_megapixel) & (rivals["psnr_db"] > line.psnr_db)).any()
        for line in lines_of(own[chosen])
        for rivals in [own[~chosen & (own["block_size"] == line.block_size)]]
    ]
    if beaten:
        number, verb = sum(beaten) or "none", "are" if sum(beaten) > 1 else "is"
        yield words("stride.random", subsets=counted(len(beaten), "random subset"), beaten=number, verb=verb)


def _redundancies(summary: Summary, sigma: float | None) -> pd.DataFrame:
    """The DCTs that differ in block size and redundancy alone, with quality and time."""
    own = summary.traded[(summary.traded["method"] == DCT) & (summary.traded["sigma_255"] == sigma)]
    return _of_one_kind(own[own["label"].str.fullmatch(_REDUNDANCIES)])


def _psnr(summary: Summary, sigma: float | None, color: str) -> Iterator[Chart]:
    table = summary.comparison.main
    plain = _plain(_of_one_kind(table[(table["method"] == DCT) & (table["sigma_255"] == sigma)]))
    plain = plain[plain.groupby("block_size")["stride"].transform("nunique") > 1]
    if len(plain["stride"].unique()) < 2:  # noqa: PLR2004 - a curve has two points
        return
    sheet, parts = Sheet(), []
    for look, (block, group) in zip(numbered(9, color), plain.groupby("block_size"), strict=False):
        tips = [
            f"{line.label}: {line.psnr_db:.2f} dB at ratio {line.ratio:g}, n = {line.n}" for line in lines_of(group)
        ]
        sheet.line(group["stride"], group["psnr_db"], name=f"{block:g}×{block:g} blocks", look=look, tips=tips)
        first, last = group.iloc[0], group.iloc[-1]
        change = last["psnr_db"] - first["psnr_db"]
        parts.append(words("stride.change", block=block, last=last["stride"], change=change, first=first["stride"]))
    _stride_axis(sheet.axes, plain["stride"])
    sheet.axes.set_ylabel("mean PSNR (dB)")
    yield sheet.chart("stride-psnr", f"PSNR against stride, sigma {sigma:g}", f"{joined(parts)} {_over(plain)}")


def _times(summary: Summary, color: str) -> Iterator[Chart]:
    timed, several = _of_one_kind(_with_grid(summary)), ["height", "width", "block_size"]
    timed = timed[timed.groupby(several)["stride"].transform("nunique") > 1]
    if timed.empty:
        return
    _, timed = max(timed.groupby(["height", "width"]), key=lambda sized: sized[1]["stride"].nunique())
    sheet, parts = Sheet(), []
    for look, (block, group) in zip(
        numbered(9, color), timed.sort_values("stride").groupby("block_size"), strict=False
    ):
        tips = [f"{line.label}: {median_text(line)}, n = {line.n}" for line in lines_of(group)]
        name = f"{block:g}×{block:g} blocks"
        sheet.line(group["stride"], group["median"], name=name, look=look, tips=tips)
        sheet.bars(group["stride"], group["low"], group["high"], name=name, look=look)
        first, last = group.iloc[0], group.iloc[-1]
        gain = fast_text(first["median"] / last["median"], f"at stride {first['stride']:g}")
        parts.append(words("stride.speed", block=block, last=last["stride"], gain=gain))
    _stride_axis(sheet.axes, timed["stride"])
    sheet.axes.set_yscale("log")
    seconds_axis(sheet.axes.yaxis, "time")
    size = f"{timed['width'].iloc[0]:.0f} × {timed['height'].iloc[0]:.0f}"
    yield sheet.chart("stride-time", f"Time against stride, {size}", joined(parts))


def _redundancy(summary: Summary, sigma: float | None, color: str) -> Iterator[Chart]:
    own = _redundancies(summary, sigma)
    groups = [
        (key, group) for key, group in _kinds(own).groupby(["block_size", "kind"], observed=True) if len(group) > 1
    ]
    if not groups:
        return
    sheet = Sheet()
    for look, ((block, kind), group) in zip(numbered(len(groups), color), groups, strict=True):
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
    drawn = pd.concat([group for _, group in groups]).drop_duplicates("label")
    yield sheet.chart("redundancy", f"What redundancy buys, sigma {sigma:g}", f"{_span(drawn)} {_over(drawn)}")


def _span(drawn: pd.DataFrame) -> str:
    """From the fastest to the best of what is drawn, which may be the same one."""
    best, fastest = most_of(drawn, "psnr_db"), least_of(drawn, "per_megapixel")
    start, end = _place(fastest), _place(best)
    if f"{best['psnr_db']:.2f}" == f"{fastest['psnr_db']:.2f}":
        return words("stride.nothing", fastest=start)
    return words("stride.span", fastest=start, best=end)


def _over(drawn: pd.DataFrame) -> str:
    """Over how many images the means are."""
    least, most = int(drawn["n"].min()), int(drawn["n"].max())
    return words("stride.over", images=counted(most, "image") if least == most else f"{least} to {most} images")


def _place(one: Any) -> str:
    time = seconds_text(one["per_megapixel"])
    return words("stride.place", method=one["label"], psnr_db=one["psnr_db"], time=time)


def _of_one_kind(table: pd.DataFrame) -> pd.DataFrame:
    """The lines of the usual number of channels: those of another are no step of the same curve."""
    return table[table["channels"] == table["channels"].mode().iloc[0]] if len(table) else table


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
