"""What the command line prints: tables in four formats, progress, and errors on one line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum

from bench.interrupts import check, raising
from bench.machine.clock import Clock, clock_for
from bench.record.table_text import shown, to_csv, to_markdown
from bench.talk import Progress, Record, say

NARROW = 80
"""Columns of a terminal that nobody has widened."""

_MINUTE = 60.0


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


@contextmanager
def progress_bar(title: str, *, clock: Clock | None = None) -> Iterator[Progress]:
    """How far it is, on standard error: a bar with the time left, or where that is no terminal a line a minute."""
    if not sys.stderr.isatty():
        yield _Lines(title, clock or clock_for("cpu"))
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress as Bar, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description:<24.24}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with raising() as interrupted, Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)

        def advance(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)
            interrupted()

        yield advance


class _Lines:
    """Says once a minute how far it is, and how long the rest takes if it goes on as it went so far."""

    def __init__(self, title: str, clock: Clock) -> None:
        self._title, self._clock = title, clock
        self._said = clock()
        self._total = 0
        self._first = (0.0, 0)

    def __call__(self, what: str, done: int, total: int) -> None:
        """One step is done."""
        now = self._clock()
        if total != self._total:
            self._total, self._first = total, (now, done)
        if now - self._said >= _MINUTE:
            self._said = now
            since, before = self._first
            left = (now - since) / (done - before) * (total - done) if done > before else None
            rest = "" if left is None else f", {timedelta(seconds=round(left))} left"
            say(f"{self._title}: {done} of {total}{rest} ({what})")
        check()


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
