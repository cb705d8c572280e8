"""Layer by layer: where a network's time and memory go."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import seaborn as sns

from reports.derive.labels import labelled
from reports.derive.leaders import leaders
from reports.derive.summary import Summary
from reports.draw.columns import columns
from reports.draw.grid import grid
from reports.draw.look import Chart, Marks, tag
from reports.draw.number_text import listed, seconds_text, signed
from reports.draw.sheet import Ink, Sheet, seconds_axis, shortened, slug
from reports.read.tables import lines_of
from reports.sections.section import Material, Section
from reports.sections.words import words

COMMAND = "restobench profile ffdnet"
MOST_LAYERS = 20
"""The slowest are drawn; the table has all."""

BETWEEN = "(between layers)"
"""What a run calls the time that no layer of its own takes."""

FIVE = 5
"""So many layers are summed up in words, where there are more of them."""

COLUMNS = columns("label layer seconds share macs gops peak_bytes peak_share")


def section(material: Material) -> Section:
    """Where time and memory go, layer by layer."""
    table = material.summary.named["layers"]
    whole = table.groupby(["label", "height", "width"], observed=True)["seconds"].transform("sum")
    shown = table.assign(share=table["seconds"] / whole, gops=table["macs"] / table["seconds"] / 1e9)
    return Section(
        "layers",
        "Layer by layer",
        material.command,
        makes=COMMAND,
        findings=tuple(_fives(table)),
        text=tuple(_overheads(material)) if len(table) else (),
        charts=tuple(charts(material.summary, material.ink)),
        grids=(grid("layers", "Layers", shown, COLUMNS),),
    )


def charts(summary: Summary, ink: Ink) -> Iterator[Chart]:
    """Seconds per layer, a figure per profiled method."""
    table = summary.named["layers"]
    table = table[table["seconds"] > 0]
    for (label, height, width), group in table.groupby(["label", "height", "width"], observed=True, sort=False):
        name, title = f"layers-{slug(str(label))}-{height:.0f}", f"{label}: time per layer, {width:.0f} × {height:.0f}"
        top = group.nlargest(MOST_LAYERS, "seconds")
        share = top["seconds"] / group["seconds"].sum()
        shown = group.loc[group.index.isin(top.index)].assign(share=share)
        yield _bars(shown, ink, str(label)).chart(name, title, _finding(shown))


def _fives(table: pd.DataFrame) -> Iterator[str]:
    """How much of the time of each method its slowest layers take, where it has more than those."""
    timed = table[table["seconds"] > 0]
    for (label, height, width), group in timed.groupby(["label", "height", "width"], observed=True, sort=False):
        if len(group) > FIVE:
            share, size = group["seconds"].nlargest(FIVE).sum() / group["seconds"].sum(), f"{width:.0f} × {height:.0f}"
            yield words("layers.five", method=label, size=size, count=len(group), share=share)
        else:
            yield f"{label}: {_finding(group.assign(share=group['seconds'] / group['seconds'].sum()))}"


def _finding(shown: pd.DataFrame) -> str:
    """Where most of the time goes: to which layers, or between them."""
    names = shown["layer"].replace(BETWEEN, words("layers.between"))
    leading, share = leaders(shown.assign(label=names), "share", lambda share: signed(f"{share:.1%}"))
    return words("layers.most", layers=listed(leading), share=share, each=" each" if len(leading) > 1 else "")


def _bars(shown: pd.DataFrame, ink: Ink, label: str) -> Sheet:
    """A bar for each layer, in the network's order."""
    sheet = Sheet((5.6, 1.0 + 0.24 * len(shown)))
    names = [str(name) for name in shown["layer"]]
    bars = sns.barplot(x=shown["seconds"], y=names, ax=sheet.axes, color=ink.palette[label].color)
    for number, (patch, line) in enumerate(zip(bars.patches, lines_of(shown), strict=False)):
        tip = f"{line.layer}: {seconds_text(line.seconds)}, {signed(f'{line.share:.0%}')} of the layers' time"
        sheet.marks[tag(patch, "layer", number)] = Marks((tip,), label)
    sheet.axes.set_yticks(range(len(shown)), shortened(names, 24))
    sheet.axes.set_ylabel("")
    seconds_axis(sheet.axes.xaxis, "time in the layer")
    return sheet


def _overheads(material: Material) -> Iterator[str]:
    """What looking at the layers added to the time of the whole call."""
    rows, table = material.run.rows, material.summary.named["layers"]
    calls = (rows["kind"] == "layers") & (rows["part"] == "") & (rows["quantity"] == "seconds") & (rows["error"] == "")
    named = labelled(rows[calls], material.summary.methods)
    for (label, height, width), group in named.groupby(["label", "height", "width"], observed=True, sort=False):
        middle = group.groupby("note", observed=True)["value"].median()
        own = table[(table["label"] == label) & (table["height"] == height) & (table["width"] == width)]
        if {"plain", "instrumented"} <= set(middle.index.astype(str)):
            plain, instrumented = middle["plain"], middle["instrumented"]
            yield words(
                "layers.overhead",
                method=label,
                size=f"{width:.0f} × {height:.0f}",
                plain=seconds_text(plain),
                instrumented=seconds_text(instrumented),
                added=instrumented / plain - 1,
                share=own["seconds"].sum() / plain,
            )
