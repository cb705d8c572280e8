"""The stored history as what its page is drawn from: each series with its levels, noise and changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.errors import BenchError
from bench.regress.history import Entry, read_history
from bench.regress.levels import Trend, trend
from reports.two_runs.trends import Shift, Span, Stop, TrendLine
from reports.two_runs.trends_page import write_trends


def write_history(path: Path) -> Path:
    """Writes `history.html` beside the history file; raises `BenchError` where it holds no run."""
    entries = read_history(path)
    if not entries:
        raise BenchError(f"{path} holds no run; `restobench history add RUN` adds one")
    lines, notes = [], []
    for name, own in _series(entries):
        found = trend(name, own)
        lines.append(_line(name, own, found))
        notes += [found.note] if found.note else []
    return write_trends(lines, path, runs=len(entries), notes=tuple(dict.fromkeys(notes)))


def _series(entries: Sequence[Entry]) -> Iterator[tuple[str, list[Entry]]]:
    """The runs of each series on each machine, oldest first."""
    for fingerprint in dict.fromkeys(entry.fingerprint for entry in entries):
        own = [entry for entry in entries if entry.fingerprint == fingerprint]
        for name in dict.fromkeys(name for entry in own for name in entry.series):
            yield name, [entry for entry in own if name in entry.series]


def _line(name: str, entries: Sequence[Entry], found: Trend) -> TrendLine:
    points = [entry.series[name] for entry in entries]
    stops = [
        Stop(entry.run, entry.revision, entry.subject, entry.started, point.value, point.samples)
        for entry, point in zip(entries, points, strict=True)
    ]
    return TrendLine(
        name=name,
        metric=points[-1].metric,
        method=points[-1].method or _method(name),
        fingerprint=entries[-1].fingerprint,
        environment=entries[-1].environment,
        stops=tuple(stops),
        spans=tuple(Span(*span) for span in found.spans),
        shifts=tuple(Shift(*shift) for shift in found.shifts),
        noise=found.noise,
    )


def _method(name: str) -> str:
    """The method in the name of a series of schema 1: its second word."""
    return [*name.split(), "", ""][1]
