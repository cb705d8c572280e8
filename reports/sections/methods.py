"""The methods of the run, and the operations each spends on a pixel by four counters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from reports.derive.leaders import leaders, span
from reports.derive.summary import Summary
from reports.derive.verdict_words import difference
from reports.draw.columns import columns
from reports.draw.grid import Cell, Grid, Line, grid
from reports.draw.look import Chart, numbered
from reports.draw.number_text import count_text, counted, listed, many_text
from reports.draw.sheet import Ink, Sheet, shortened
from reports.sections.section import Material, Section
from reports.sections.words import joined, words

COMMAND = "restobench cost"
COLUMNS = columns(
    "what counter macs_per_pixel flops_per_pixel residue parameters activations_per_pixel bytes_per_pixel "
    "intensity_macs_per_byte"
)


def section(material: Material) -> Section:
    """What was compared, and operations per pixel by four counters."""
    cost = material.summary.named["cost"]
    cost = cost.assign(what=_names(cost)) if len(cost) else cost
    return Section(
        "methods",
        "Methods and cost per pixel",
        material.command,
        makes=COMMAND,
        findings=tuple(_dearest(cost)),
        text=tuple(_text(cost)),
        charts=tuple(charts(material.summary, material.ink)),
        grids=(_method_grid(material), grid("cost", "Operations per output pixel, by counter", cost, COLUMNS)),
    )


def charts(summary: Summary, _: Ink) -> Iterator[Chart]:
    """Operations per output pixel by counter, one line of points per case."""
    table = summary.named["cost"]
    table = table[table["macs_per_pixel"] > 0]
    if table.empty:
        return
    names = _names(table)
    order = names.drop_duplicates().tolist()
    counters = list(table["counter"].unique())
    sheet = Sheet((5.6, 1.6 + 0.3 * len(order)))
    for look, (counter, group) in zip(numbered(9), table.groupby("counter", observed=True, sort=False), strict=False):
        offset = (counters.index(counter) - 1.5) * 0.13
        own = names[group.index].tolist()
        where = [order.index(name) + offset for name in own]
        tips = [
            f"{name}, {counter}: {count_text(value)} operations per pixel (1 multiply-add = 1)"
            for name, value in zip(own, group["macs_per_pixel"], strict=True)
        ]
        sheet.points(group["macs_per_pixel"], where, name=str(counter).replace("_", " "), look=look, tips=tips)
    sheet.axes.set_xscale("log")
    sheet.axes.set_yticks(range(len(order)), shortened(order, 26))
    sheet.axes.invert_yaxis()
    sheet.axes.set_xlabel("multiply-adds per output pixel")
    yield sheet.chart("counters", "Operations per pixel, by counter", _finding(table.assign(what=names)), columns=3)


def _names(table: pd.DataFrame) -> pd.Series[str]:
    """Each line's method with its scale, and its colours where it was counted in both."""
    scales = table["scale"].map(lambda scale: f" ×{scale:g}" if scale > 1 else "")
    colors = table["channels"].map(lambda channels: ", colour" if channels == 3 else "")  # noqa: PLR2004 - RGB
    many = table.groupby(["label", "scale"])["channels"].transform("nunique") > 1
    return table["label"].astype(str) + scales + colors.where(many, "")


def _by_counter(cost: pd.DataFrame) -> pd.DataFrame:
    return cost.pivot_table(index="what", columns="counter", values="macs_per_pixel", observed=True, sort=False)


def _dearest(cost: pd.DataFrame) -> Iterator[str]:
    """How many times the operations of the cheapest the dearest takes."""
    counts = cost[cost["macs_per_pixel"] > 0] if len(cost) else cost
    if counts.empty:
        return
    each, by = _counts(counts)
    found = span(each, "count", count_text)
    if found and found.level:
        yield words("methods.one", methods=listed(found.at_least), count=found.least, by=by)
    elif found:
        cheapest, dearest = listed(found.at_least), listed(found.at_most)
        yield words("methods.dearest", cheapest=cheapest, dearest=dearest, ratio=many_text(found.ratio), by=by)


def _counts(cost: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The `count` of each `label`, by the closed form where every method has it, and by what they were counted."""
    wide = _by_counter(cost)
    counter = next((name for name in ("closed_form", *wide.columns) if name in wide and wide[name].notna().all()), None)
    counts = wide[counter] if counter else wide.max(axis=1)
    by = words("methods.by", counter=str(counter).replace("_", " ")) if counter else words("methods.by_highest")
    return counts.rename("count").reset_index().rename(columns={"what": "label"}), by


def _finding(cost: pd.DataFrame) -> str:
    """The least and the most of what is drawn."""
    each, by = _counts(cost)
    least, fewest = leaders(each, "count", count_text, least=True)
    most, largest = leaders(each, "count", count_text)
    if fewest == largest:
        return words("methods.one", methods=listed(most), count=largest, by=by)
    return words("methods.span", least=fewest, cheapest=listed(least), most=largest, dearest=listed(most), by=by)


def _text(cost: pd.DataFrame) -> Iterator[str]:
    if cost.empty:
        return
    counters = set(cost.loc[cost["macs_per_pixel"].notna(), "counter"].astype(str))
    said = {"closed_form": words("methods.closed_form"), "parameters": words("methods.parameters")}
    traced = sorted(counters & {"fvcore", "torch"})
    kinds = [sentence for counter, sentence in said.items() if counter in counters]
    kinds += [words("methods.traced", counters=listed(traced))] if traced else []
    yield " ".join((words("methods.about"), *kinds))
    wide = _by_counter(cost)
    if {"parameters", "closed_form"} <= set(wide.columns):
        yield from _estimates((wide["parameters"] / wide["closed_form"]).dropna(), _explained(cost, "parameters"))
    if {"fvcore", "closed_form"} <= set(wide.columns):
        yield from _departures(wide[["closed_form", "fvcore"]].dropna(), _explained(cost, "fvcore"))


def _explained(cost: pd.DataFrame, counter: str) -> set[str]:
    """The methods whose count by `counter` has a residue that says where it departs."""
    return set(cost.loc[(cost["counter"] == counter) & (cost["residue"] != ""), "what"])


def _estimates(factors: pd.Series[float], explained: set[str]) -> Iterator[str]:
    """Where the estimate from the parameters says more than the closed form, and where it says less."""
    told = {f"{name} {factor:.4g} times": factor for name, factor in factors.items() if f"{factor:.4g}" != "1"}
    above = ", ".join(text for text, factor in told.items() if factor > 1)
    below = ", ".join(text for text, factor in told.items() if factor < 1)
    parts = [words("methods.above", methods=above)] if above else []
    parts += [words("methods.below", methods=below)] if below else []
    if parts:
        said = {str(name) for name, factor in factors.items() if f"{factor:.4g}" != "1"}
        yield f"{joined(parts)} {words('methods.why')}" if said <= explained else joined(parts)


def _departures(both: pd.DataFrame, explained: set[str]) -> Iterator[str]:
    """Where fvcore counts something else than the closed form."""
    off = {str(name): difference(exact, traced) for name, exact, traced in both.itertuples()}
    parts = ", ".join(f"{_signed(value)} ({name})" for name, value in off.items() if value)
    if parts:
        departs = words("methods.departs", differences=parts)
        yield f"{departs} {words('methods.why')}" if {name for name in off if off[name]} <= explained else departs
    elif off:
        yield words("methods.agree", methods=counted(len(off), "method"))


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else '−'}{count_text(abs(value))}"


_TRAINED = {"psnr": "PSNR", "looks": "looks", "unsaid": "not said"}
"""What a network was trained for, in the words of the table."""


def _method_grid(material: Material) -> Grid:
    lines = tuple(_method_line(material.ink, record) for record in material.run.listed("methods"))
    columns = ("method", "task", "what it is", "paper", "licence", "weights", "trained for")
    return Grid("method-list", "Methods of this run", columns, lines)


def _method_line(ink: Ink, record: Mapping[str, Any]) -> Line:
    name = str(record.get("name", ""))
    weights = "random: no quality figure" if record.get("random_weights") else ""
    trained = _TRAINED.get(str(record.get("trained_for", "")), "")
    texts = [name, *(record.get(field, "") for field in ("task", "summary", "paper", "licence")), weights, trained]
    cells = tuple(Cell(str(text or ""), str(text or "")) for text in texts)
    return Line(cells, anchor=ink.anchors.get(name, "").removeprefix("#"))
