"""What the command line prints: tables in four formats."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum

from bench.record.table_text import shown, to_csv, to_markdown
from bench.talk import Record

NARROW = 80
"""Columns of a terminal that nobody has widened."""


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
    """Prints records as a table without frames that fits 80 columns, long names folded; numbers stand to the right."""
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
    for record in records:
        table.add_row(*(Text(shown(record[column])) for column in records[0]))
    console.print(table)


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
