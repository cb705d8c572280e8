"""Tables as the page shows them: what each cell says and what it is sorted by."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from reports.draw.number_text import digits_text, signed

_SHORT = re.compile(r",?(?:\.(\d+))?g")

MOST_LINES = 400
"""Lines of a table that the page shows; the files in `tables/` always have all."""


@dataclass(frozen=True)
class Cell:
    """What a table shows and what it is sorted by."""

    text: str
    key: float | str = ""


@dataclass(frozen=True)
class Line:
    """One line of a table; `series` is the method it belongs to, for the filter."""

    cells: tuple[Cell, ...]
    series: str = ""
    anchor: str = ""
    best: bool = False
    """Whether it is the best of those that it may be compared with."""


@dataclass(frozen=True)
class Grid:
    """A table as shown."""

    name: str
    caption: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    note: str = ""


Write = str | Callable[[float], str]
"""How a number is written: a format specification, or a function of `number_text`."""

Format = Callable[[Any], Cell]
Columns = Mapping[str, tuple[str, Format]]
"""The heading and the format of each column of a table that is shown."""


def text_cell(value: Any) -> Cell:
    """Text; nothing for what is absent."""
    return Cell("" if value is None or (isinstance(value, float) and math.isnan(value)) else str(value), str(value))


def number_cell(write: Write) -> Format:
    """Numbers; a dash for what is undefined."""
    text = write if callable(write) else partial(_formatted, write)
    return lambda value: Cell("–", -math.inf) if _undefined(value) else Cell(text(value), float(value))


def _formatted(write: str, value: float) -> str:
    if short := _SHORT.fullmatch(write):
        return digits_text(value, int(short[1] or 6))
    return signed(f"{value:{write}}")


def _undefined(value: object) -> bool:
    return value is None or not isinstance(value, (int, float, np.integer, np.floating)) or math.isnan(value)


def grid(name: str, caption: str, table: pd.DataFrame, columns: Columns) -> Grid:
    """`table` as shown: `columns` maps its columns to (heading, format).

    Its column `label` names the series, and `best`, where it has one, the lines to mark.
    """
    shown = table.head(MOST_LINES)
    names = [column for column in columns if column in shown]
    labels = shown["label"].astype(str) if "label" in shown else [""] * len(shown)
    best = shown["best"].astype(bool) if "best" in shown else [False] * len(shown)
    values = [shown[column].astype(object) for column in names]
    lines = tuple(
        Line(tuple(columns[column][1](value) for column, value in zip(names, cells, strict=True)), series, best=first)
        for series, first, *cells in zip(labels, best, *values, strict=True)
    )
    note = (
        f"The first {MOST_LINES} of {len(table):,} lines; what all are made from is in tables/."
        if len(table) > MOST_LINES
        else ""
    )
    return Grid(name, caption, tuple(columns[column][0] for column in names), lines, note)


def records_grid(name: str, caption: str, records: Sequence[Mapping[str, Any]], columns: tuple[str, ...]) -> Grid:
    """Records of `run.json` as shown, a column for each of the fields named."""
    lines = tuple(Line(tuple(value_cell(record.get(column)) for column in columns)) for record in records)
    return Grid(name, caption, columns, lines)


def value_cell(value: object) -> Cell:
    """Whatever a record holds; numbers are sorted as numbers."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Cell(plain_text(value), float(value))
    return Cell(plain_text(value), plain_text(value))


def plain_text(value: object) -> str:
    """Whatever a record holds, as text: `yes` and `no`, and nothing for what is absent."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
