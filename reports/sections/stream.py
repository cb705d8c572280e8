"""Single stream: the 90th percentile of queries sent one after the other, where the quality floor holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pandas as pd

from reports.derive.leaders import leaders
from reports.derive.status import Status, status_of
from reports.derive.stream import (
    BELOW,
    NO_FLOOR,
    PERCENTILE,
    QUERIES,
    REFUSED,
    RESULT,
    SECONDS,
    SHORT,
    UNSCORED,
    is_stream,
    streams,
)
from reports.derive.summary import Summary
from reports.draw.columns import columns
from reports.draw.grid import Columns, grid, text_cell
from reports.draw.number_text import count_text, counted, listed, seconds_text
from reports.read.methods import number_of
from reports.read.run import Run
from reports.read.tables import lines_of
from reports.sections.latency import with_reaches
from reports.sections.section import Material, Section
from reports.sections.words import words

COLUMNS: Columns = {
    **columns(
        "label scale channels width height threads n passed psnr_db floor_db p90",
        n=("queries", count_text),
        passed=("in all", seconds_text),
        floor_db=("floor (dB)", "g"),
        p90=("90th percentile latency", seconds_text),
    ),
    "p90_reach": ("95 % interval", text_cell),
    "outcome": ("outcome", text_cell),
}


def section(material: Material) -> Section:
    """The result of each method, or why it is none."""
    table = streams(material.run, material.summary)
    rules = words("stream.about", queries=QUERIES, seconds=SECONDS, percentile=PERCENTILE)
    return Section(
        "single-stream",
        "Single stream",
        material.command,
        makes="restobench run --spec single-stream",
        about=f"{rules} {_scaled(material.run)}",
        findings=tuple(_quickest(table)),
        grids=(grid("single-stream", "Latency of single images", shown(table), COLUMNS),),
    )


def _quickest(table: pd.DataFrame) -> Iterator[str]:
    """Of how many methods the floor holds, and which of them is the quickest."""
    holding = table[~table["word"].isin(REFUSED)]
    quickest, latency = leaders(holding, "p90", seconds_text, least=True)
    methods = counted(len(table), "case")
    if quickest:
        held = len(holding)
        yield words("stream.quickest", methods=methods, held=held, quickest=listed(quickest), latency=latency)
    elif len(table):
        yield words("stream.no_result", methods=methods)


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """The table with each outcome in words; a refused method has no latency."""
    refused = table["word"].isin(REFUSED)
    said = {
        RESULT: words("stream.result"), SHORT: words("stream.short"), BELOW: words("stream.below"),
        UNSCORED: words("stream.unscored"), NO_FLOOR: words("stream.no_floor"),
    }  # fmt: skip
    outcomes = [said[line.word] for line in lines_of(table)]
    table = with_reaches(table).assign(outcome=pd.Series(outcomes, table.index, object))
    return table.assign(p90=table["p90"].mask(refused), p90_reach=table["p90_reach"].mask(refused, ""))


def whole_status(run: Run, summary: Summary) -> Status:
    """How the run went, with a sentence for each method whose latency is no result for want of quality."""
    table = streams(run, summary) if is_stream(run) else summary.latency.iloc[:0].assign(word="")
    refused = tuple(_refusals(table[table["word"].isin(REFUSED)]))
    return replace(status_of(run, summary.comparison), refused=refused)


def _refusals(table: pd.DataFrame) -> Iterator[str]:
    for line in lines_of(table):
        match line.word:
            case "below":
                yield words("stream.refused_below", what=_what(line), psnr=line.psnr_db, floor=line.floor_db)
            case "unscored":
                yield words("stream.refused_unscored", what=_what(line))
            case _:
                yield words("stream.refused_no_floor", what=_what(line), task=line.task)


def _what(line: Any) -> str:
    return f"{line.label} at {line.width:.0f} × {line.height:.0f}"


def _scaled(run: Run) -> str:
    """Whether the spec asks for less than the rules do."""
    spec = run.section("spec")
    queries, seconds = number_of(spec.get("queries")), number_of(spec.get("round_seconds"))
    if queries >= QUERIES and seconds >= SECONDS:
        return words("stream.whole")
    return words("stream.scaled", queries=queries, seconds=seconds)
