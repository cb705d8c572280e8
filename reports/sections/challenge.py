"""Efficient super-resolution: the score of the NTIRE challenge beside its parts."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from reports.derive.challenge import challenge
from reports.derive.leaders import leaders, marked
from reports.draw.columns import columns
from reports.draw.grid import grid
from reports.draw.number_text import count_text, listed, times_text
from reports.read.tables import lines_of
from reports.sections.section import Material, Section
from reports.sections.words import words

COLUMNS = columns(
    "label score time operations parameters time_ratio operations_ratio parameters_ratio psnr_db",
    score=("score (lower is better)", ".4g"),
    operations=("operations (fvcore)", count_text),
    time_ratio=("t", times_text),
    operations_ratio=("F", times_text),
    parameters_ratio=("P", times_text),
)


def section(material: Material) -> Section:
    """The score of every upscaler by 4, where the spec names a baseline."""
    baseline = material.run.section("spec").get("baseline")
    name = baseline if isinstance(baseline, str) else ""
    table = challenge(material.summary, name) if name else pd.DataFrame()
    return Section(
        "efficiency",
        "Score of efficient super-resolution",
        material.command,
        makes="restobench run --spec ntire-esr",
        findings=tuple(_best(table, name)),
        about=words("challenge.about", baseline=material.summary.methods.title(name)),
        grids=(grid("efficiency", "Time, operations and parameters over the baseline's", _marked(table), COLUMNS),),
        text=tuple(_missing(table)),
    )


def _marked(table: pd.DataFrame) -> pd.DataFrame:
    return marked(table.assign(all=0), "score", ["all"], least=True) if len(table) else table


def _best(table: pd.DataFrame, baseline: str) -> Iterator[str]:
    """Who scores best beside the baseline."""
    if table.empty:
        return
    best, score = leaders(table[table["method"].astype(str) != baseline], "score", "{:.4g}".format, least=True)
    if not best:
        yield words("challenge.none")
    elif float(score) < math.exp(2):
        yield words("challenge.best", methods=listed(best), score=score)
    else:
        yield words("challenge.not_better", methods=listed(best), score=score)


def _missing(table: pd.DataFrame) -> Iterator[str]:
    """Which methods have no score, and which part of it is missing."""
    for line in lines_of(table):
        parts = [part for part in ("time", "operations", "parameters") if pd.isna(getattr(line, f"{part}_ratio"))]
        if parts:
            yield words("challenge.missing", method=line.label, parts=listed(parts))
