"""Quality against time for every noise level and degradation: figures with the front, and a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from reports.derive.scores import within_images
from reports.derive.summary import Summary
from reports.draw.columns import columns
from reports.draw.grid import grid
from reports.draw.look import SOFT, Chart
from reports.draw.number_text import seconds_text, times_text
from reports.draw.sheet import Ink, Sheet, seconds_axis, short, slug
from reports.read.tables import lines_of, most_of
from reports.sections.section import Material, Section
from reports.sections.words import words

COLUMNS = columns(
    "label degradation sigma_255 ratio psnr_db ssim n per_megapixel time_low time_high front",
    per_megapixel=("time per megapixel", seconds_text),
)


def section(material: Material) -> Section:
    """Quality against time for every method, sigma and degradation."""
    traded = material.summary.traded.sort_values(["task", "degradation", "sigma_255", "per_megapixel"])
    return Section(
        "tradeoff",
        "Quality against time",
        material.command,
        about=words("tradeoff.about"),
        charts=tuple(charts(material.summary, material.ink)),
        grids=(grid("tradeoff", "Quality beside time", traded, COLUMNS),),
    )


def charts(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """A figure for every sigma and degradation."""
    for (task, degradation, sigma, scale), group in summary.traded.groupby(
        ["task", "degradation", "sigma_255", "scale"], observed=True, sort=True
    ):
        told = "as given, told " if degradation == "given" else ""
        what = f"{told}sigma {sigma:g}" if task == "denoise" else f"{short(str(degradation))} ×{scale:g}"
        name = f"tradeoff-{slug(str(task))}-{slug(what)}"
        yield from front_chart(summary, ink, group, name=name, title=f"Quality against time, {what}")


def front_chart(
    summary: Summary, ink: Ink, group: pd.DataFrame, *, name: str, title: str, most: int = 0
) -> Iterator[Chart]:
    """With `most`, variants that are neither on the front nor their method's best give way to that number."""
    group = group[group["channels"] == group["channels"].mode().iloc[0]] if len(group) else group
    left_out = group[~group["whole"].astype(bool)]
    noisy = group[group["method"] == "noisy"]
    group = group[group["whole"].astype(bool) & (group["method"] != "noisy")]
    every = len(group)
    if most and every > most:
        group = group[group["front"] | (group["psnr_db"] == group.groupby("method")["psnr_db"].transform("max"))]
    if group.empty:
        return
    shown = within_images(summary.named["quality"], group).sort_values("per_megapixel")
    sheet = Sheet((5.6, 4.4))
    front = shown[shown["front"].astype(bool)]
    sheet.axes.plot(front["per_megapixel"], front["psnr_db"], color=SOFT, linewidth=1, drawstyle="steps-post", zorder=1)
    for line in lines_of(shown):
        _draw(sheet, ink, line)
    sheet.axes.set_xscale("log")
    seconds_axis(sheet.axes.xaxis, "time per megapixel")
    sheet.axes.set_ylabel("mean PSNR (dB)")
    said = [_finding(shown, front)]
    if every > len(group):
        said.append(words("tradeoff.others", count=every - len(group)))
    if len(noisy):
        said.append(words("tradeoff.noisy", psnr_db=noisy["psnr_db"].iloc[0]))
    if len(left_out):
        fewer = ", ".join(f"{line.label} ({line.images})" for line in lines_of(left_out))
        said.append(words("tradeoff.fewer_images", methods=fewer))
    yield sheet.chart(name, title, " ".join(said))


def _draw(sheet: Sheet, ink: Ink, line: Any) -> None:
    """A method as a point with both of its intervals."""
    look, x, y = ink.palette[line.label], [line.per_megapixel], [line.psnr_db]
    sheet.bars(x, [line.within_low], [line.within_high], name=line.label, look=look)
    sheet.bars(y, [line.time_low], [line.time_high], name=line.label, look=look, across=True)
    sheet.points(x, y, name=line.label, look=look, tips=[_tip(line)], link=ink.anchors.get(line.method, "#methods"))


def _tip(line: Any) -> str:
    ratio = "" if pd.isna(line.ratio) else f", ratio {line.ratio:g}"
    reach = "" if pd.isna(line.within_low) else f" [{line.within_low:.2f} to {line.within_high:.2f}]"
    time = f"{seconds_text(line.per_megapixel)} per megapixel"
    time_reach = f"[{seconds_text(line.time_low)} to {seconds_text(line.time_high)}]"
    size = f"{line.width:.0f} × {line.height:.0f}"
    return f"{line.label}{ratio}: {line.psnr_db:.2f} dB{reach}, n = {line.n} images; {time} {time_reach} at {size}"


def _finding(shown: pd.DataFrame, front: pd.DataFrame) -> str:
    best, fastest = most_of(shown, "psnr_db"), shown.iloc[0]
    if len(shown) == 1:
        time = seconds_text(best["per_megapixel"])
        return words("tradeoff.one", method=best["label"], psnr_db=best["psnr_db"], time=time)
    return words(
        "tradeoff.best",
        best=best["label"],
        best_db=best["psnr_db"],
        times=times_text(best["per_megapixel"] / fastest["per_megapixel"]),
        fastest=fastest["label"],
        fastest_db=fastest["psnr_db"],
        front=", ".join(short(label) for label in front["label"]),
    )
