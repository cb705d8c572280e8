"""What the command line prints: tables in four formats."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum

from bench.record.table_text import shown, to_csv, to_markdown
from bench.talk import Record

NARROW = 80
"""Columns of a terminal that nobody has widened."""

_NAMES = frozenset({"group", "method", "beside"})
"""Columns of names, of which the middle is left out where a table has no room; all else is folded."""

_SHORTEST = 10
"""Characters that are left of a name, however narrow the table."""


class Format(StrEnum):
    """How a table is printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    MARKDOWN = "markdown"


def show(records: Sequence[Record], style: Format, *, title: str = "") -> None:
    """Prints records (all with the keys of the first) on standard output."""
    if style is Format.JSON:
        print(json.dumps([dict(record) for record in records], indent=1))
        return
    if style is Format.TABLE:
        _rich_table(records, title)
        return
    print(to_csv(records) if style is Format.CSV else to_markdown(records))


def show_narrow(records: Sequence[Record], *, title: str = "") -> None:
    """Prints records as a table without frames that fits 80 columns; numbers stand to the right.

    Of names the middle is left out where they are too long, and never a part that tells two of them apart.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=NARROW)
    if title:
        console.print(Text(title, style="bold"))
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for place, column in enumerate(records[0] if records else ()):
        table.add_column(Text(column), justify="right" if place else "left", overflow="fold")
    for cells in elided([{column: shown(record[column]) for column in records[0]} for record in records]):
        table.add_row(*map(Text, cells.values()))
    console.print(table)


def elided(lines: Sequence[dict[str, str]], room: int = NARROW) -> Sequence[dict[str, str]]:
    """`lines` with the longest names shortened in the middle until a table of them is `room` wide, if it can be.

    A column keeps its names whole where two of them would become the same.
    """
    limits = (
        {column: max(map(len, (column, *(line[column] for line in lines)))) for column in lines[0]} if lines else {}
    )
    short = {column: limit for column, limit in limits.items() if column in _NAMES}
    while sum(limits.values()) + 2 * len(limits) > room and short and max(short.values()) > _SHORTEST:
        widest = max(short, key=lambda column: short[column])
        limits[widest] = short[widest] = short[widest] - 1
    names = {column: {line[column]: _elided(line[column], limit) for line in lines} for column, limit in short.items()}
    kept = {column for column, own in names.items() if len(set(own.values())) == len(own)}
    return [
        {column: names[column][text] if column in kept else text for column, text in line.items()} for line in lines
    ]


def _elided(text: str, most: int) -> str:
    end = (most - 1) // 2
    return text if len(text) <= most else f"{text[: most - 1 - end]}…{text[len(text) - end :]}"


def _rich_table(records: Sequence[Record], title: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left")
    for column, value in records[0].items() if records else ():
        table.add_column(Text(column), justify="right" if isinstance(value, int | float) else "left", overflow="fold")
    for record in records:
        table.add_row(*(Text(shown(record[column])) for column in records[0]))
    wide = Console()
    (wide if wide.is_terminal else Console(width=200)).print(table)
