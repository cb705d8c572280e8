"""What the command line prints: tables in four formats, progress, and errors on one line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum

from bench.talk import Progress, Record


class Format(StrEnum):
    """How a table is printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    MARKDOWN = "markdown"


def show(records: Sequence[Record], style: Format, *, title: str = "") -> None:
    """Prints records (all with the keys of the first) on standard output."""
    if style is Format.JSON:
        print(json.dumps([dict(record) for record in records], indent=1, ensure_ascii=False))
        return
    columns = list(records[0]) if records else []
    if style is Format.TABLE:
        _rich_table(columns, records, title)
        return
    lines = [[_cell(record[column], exact=style is Format.CSV) for column in columns] for record in records]
    print(_csv(columns, lines) if style is Format.CSV else _markdown(columns, lines))


@contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """A progress bar with the time left on standard error; nothing where that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress as Bar, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description:<24.24}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)


def _rich_table(columns: Sequence[str], records: Sequence[Record], title: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left")
    for column in columns:
        numeric = bool(records) and isinstance(records[0][column], int | float)
        table.add_column(Text(column), justify="right" if numeric else "left", overflow="fold")
    for record in records:
        table.add_row(*(Text(_cell(record[column], exact=False)) for column in columns))
    wide = Console()
    (wide if wide.is_terminal else Console(width=200)).print(table)


def _csv(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *lines])
    return text.getvalue().rstrip("\n")


def _markdown(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    escaped = ([cell.replace("|", "\\|") for cell in line] for line in (columns, ["---"] * len(columns), *lines))
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped)


def _cell(value: object, *, exact: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and not exact:
        return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"  # noqa: PLR2004 - where digits stop fitting
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) and not exact else str(value)
