"""What the command line prints: tables in four formats."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum

from bench.record.table_text import shown, to_csv, to_markdown
from bench.talk import Record


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
