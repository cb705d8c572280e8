"""Latency and throughput: percentiles with their intervals, batches, the first call and a cold start."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from reports.derive.intervals import samples_needed
from reports.derive.latency import PERCENTILES
from reports.derive.leaders import ranked, span
from reports.draw.columns import columns
from reports.draw.grid import Columns, grid, text_cell
from reports.draw.look import Chart
from reports.draw.number_text import count_text, counted, factor_text, fast_text, listed, seconds_text
from reports.draw.sheet import Ink, Sheet, few
from reports.read.tables import lines_of, most_of
from reports.sections.section import Material, Section
from reports.sections.times import SIZED, left_out, series_name
from reports.sections.words import joined, words

COLUMNS: Columns = {
    **columns("label scale channels width height batch threads n"),
    **{
        name: cell
        for percent in PERCENTILES
        for name, cell in (
            *columns(f"p{percent}").items(),
            (f"p{percent}_reach", ("95 % interval", text_cell)),
        )
    },
    **columns("per_image images_per_second first cold build dtype device"),
}


def section(material: Material) -> Section:
    """Percentiles of every timed case, and images per second against the batch."""
    table = material.summary.latency
    return Section(
        "latency",
        "Latency and throughput",
        material.command,
        makes="restobench run --spec latency",
        about=words("latency.about"),
        findings=tuple(_tails(table)),
        charts=tuple(charts(table, material.ink)),
        grids=(
            grid(
                "latency",
                "Seconds of a call",
                ranked(with_reaches(table), "p50", [*SIZED, "batch", "threads"]),
                COLUMNS,
            ),
        ),
    )


def _tails(table: pd.DataFrame) -> Iterator[str]:
    """Which case has the longest tail, of those with the calls that its percentile takes."""
    if table.empty:
        return
    sure = table[table["p90_low"].notna() & (table["p50"] > 0)]
    found = span(sure.assign(tail=sure["p90"] / sure["p50"]), "tail", factor_text)
    if found is None:
        yield words("latency.few", calls=counted(samples_needed(0.9), "call"))
    elif found.most == "1":
        yield words("latency.no_tail", cases=counted(len(sure), "case"))
    else:
        yield words("latency.tail", methods=listed(found.at_most), tail=found.most, cases=counted(len(sure), "case"))


def with_reaches(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with each percentile's interval in words, or how many calls it needs."""
    reaches = {
        f"p{percent}_reach": pd.Series([_reach(line, percent) for line in lines_of(table)], table.index, object)
        for percent in PERCENTILES
    }
    return table.assign(**reaches)


def _reach(line: Any, percent: int) -> str:
    low, high = getattr(line, f"p{percent}_low"), getattr(line, f"p{percent}_high")
    means = f", {line.means}" if line.means else ""
    if math.isnan(low):
        return words("latency.needs", calls=counted(samples_needed(percent / 100), "call")) + means
    return f"{seconds_text(low)} to {seconds_text(high)}{means}"


def charts(table: pd.DataFrame, ink: Ink) -> Iterator[Chart]:
    """Images per second against the batch, where some case was timed at several."""
    keys = ["label", "scale", "channels", "height", "width", "threads", "dtype", "device"]
    several = table[table.groupby(keys, observed=True)["batch"].transform("nunique") > 1]
    if several.empty:
        return
    sheet = Sheet((5.6, 4.4))
    shown, left = few(several, keys)
    gains = []
    for (label, scale, channels, height, width, *_), group in shown.groupby(keys, observed=True, sort=False):
        name = f"{series_name(label, scale, channels, several)}, {width:.0f} × {height:.0f}"
        own = group.sort_values("batch")
        tips = [_tip(name, line) for line in lines_of(own)]
        sheet.line(own["batch"], own["images_per_second"], name=name, look=ink.palette[str(label)], tips=tips)
        first, best = next(lines_of(own)), most_of(own, "images_per_second")
        if best["batch"] > first.batch:
            faster = fast_text(best["images_per_second"] / first.images_per_second, f"one of {first.batch:.0f}")
            gains.append(words("latency.gain", name=name, batch=best["batch"], faster=faster))
        else:
            gains.append(words("latency.no_gain", name=name, batch=first.batch))
    sheet.axes.set(xscale="log", yscale="log", xlabel="batch (images in one call)", ylabel="images / s")
    batches = sorted(several["batch"].unique())
    sheet.axes.set_xticks(batches, [f"{batch:.0f}" for batch in batches])
    finding = f"{joined(gains[:4])}{left_out(left)}"
    yield sheet.chart("latency-batch", "Images per second against the batch", finding)


def _tip(name: str, line: Any) -> str:
    each = f"{seconds_text(line.p50)} a batch, {seconds_text(line.per_image)} an image"
    return f"{name}, batch {line.batch:.0f}: {count_text(line.images_per_second)} images / s ({each})"
