"""Tables as text, for every command and export: Markdown for people, CSV for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from bench.talk import Record

_DIGITS_FIT = 1e6
"""Numbers from here on are shown whole, without decimals."""


def to_csv(records: Sequence[Record]) -> str:
    """A heading and a line for each record, all with the keys of the first; every digit is kept."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = list(records[0]) if records else []
    writer.writerows([columns, *([record[name] for name in columns] for record in records)])
    return text.getvalue().rstrip("\n")


def to_markdown(records: Sequence[Record]) -> str:
    """A Markdown table of records that all have the keys of the first; a sentence where there are none."""
    if not records:
        return "Nothing was measured."
    columns = list(records[0])
    lines = (columns, ["---"] * len(columns), *([shown(record[name]) for name in columns] for record in records))
    return "\n".join(f"| {' | '.join(_one_line(text) for text in line)} |" for line in lines)


def shown(value: object) -> str:
    """A value as a person reads it: six digits, thousands separated, nothing for None."""
    if isinstance(value, float):
        return f"{value:,.6g}" if abs(value) < _DIGITS_FIT else f"{value:,.0f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "" if value is None else str(value)


def shortened(text: str, most: int) -> str:
    """`text` on one line of at most that many letters; what cannot be printed stands as a question mark."""
    line = "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))
    return line if len(line) <= most else f"{line[: most - 3]}..."


def _one_line(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
