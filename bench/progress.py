"""How far it is, for the person who waits: a bar in a notebook or a terminal, elsewhere a line a minute."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from html import escape
from typing import Any

from bench.interrupts import check, raising
from bench.machine.clock import Clock, clock_for
from bench.talk import Progress, say

_MINUTE = 60.0

_REDRAWN = 0.2
"""Seconds between two looks of a notebook's bar: each is a message to the browser."""


@contextmanager
def progress_bar(title: str, *, clock: Clock | None = None) -> Iterator[Progress]:
    """How far it is: a bar with the time left where one can be drawn, or else a line a minute on standard error."""
    clock = clock or clock_for("cpu")
    if shell := _notebook():
        with raising():
            bar = _Bar(title, clock, shell)
            try:
                yield bar
            finally:
                bar.close()
    elif sys.stderr.isatty():
        with _terminal_bar(title, clock) as advance:
            yield advance
    else:
        yield _Lines(title, clock)


def _notebook() -> Any:
    """What shows things in the notebook that this runs in; None elsewhere."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython import display

    return display


@contextmanager
def _terminal_bar(title: str, clock: Clock) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress as Bar, TextColumn

    columns = (
        TextColumn("{task.description:<24.24}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[left]}"),
    )  # fmt: skip
    with raising() as interrupted, Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None, left="")
        pace = _Pace()

        def advance(what: str, done: int, total: int, share: float | None = None, /) -> None:
            left = pace.left(clock(), done, total, share)
            bar.update(task, description=what, completed=done, total=total, left=left)
            interrupted()

        yield advance


class _Pace:
    """How long the rest takes if it goes on as it went so far."""

    def __init__(self) -> None:
        self._total = 0
        self._first = (0.0, 0.0)

    def left(self, now: float, done: int, total: int, share: float | None) -> str:
        """The time left, in words, by the share of the work that is done; nothing where none is known.

        Without a share all cases count as equally long.
        """
        part = done / max(total, 1) if share is None else share
        if total != self._total:
            self._total, self._first = total, (now, part)
        since, before = self._first
        seconds = (now - since) / (part - before) * (1 - part) if part > before else None
        return "" if seconds is None else f"{timedelta(seconds=round(seconds))} left"


class _Lines:
    """Says once a minute how far it is."""

    def __init__(self, title: str, clock: Clock) -> None:
        self._title, self._clock, self._pace = title, clock, _Pace()
        self._said = clock()

    def __call__(self, what: str, done: int, total: int, share: float | None = None, /) -> None:
        """One step is done."""
        now = self._clock()
        left = self._pace.left(now, done, total, share)
        if now - self._said >= _MINUTE:
            self._said = now
            say(f"{self._title}: {done} of {total}{left and ', '}{left} ({what})")
        check()


class _Bar:
    """A bar below a notebook's cell, by IPython's display alone; it goes when the work is over."""

    def __init__(self, title: str, clock: Clock, shell: Any) -> None:
        self._title, self._clock, self._shell, self._pace = title, clock, shell, _Pace()
        self._drawn = clock()
        self._handle = shell.display(shell.HTML(self._html("", 0, 0)), display_id=True)

    def __call__(self, what: str, done: int, total: int, share: float | None = None, /) -> None:
        """One step is done."""
        now = self._clock()
        left = self._pace.left(now, done, total, share)
        if now - self._drawn >= _REDRAWN:
            self._drawn = now
            self._handle.update(self._shell.HTML(self._html(f"{left and ', '}{left} ({what})", done, total)))
        check()

    def close(self) -> None:
        """Takes the bar away."""
        self._handle.update(self._shell.HTML(""))

    def _html(self, said: str, done: int, total: int) -> str:
        value = f' value="{done}" max="{total}"' if total else ""
        count = f"{done} of {total}" if total else "preparing"
        return f"<progress{value}></progress> {escape(f'{self._title}: {count}{said}')}"
