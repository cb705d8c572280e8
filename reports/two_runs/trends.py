"""A stored history as its page needs it: each series over revisions, its levels, its noise, and where it changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from reports.derive.verdict_words import REGRESSIONS, Word
from reports.draw.number_text import bytes_text, count_text, digits_text, seconds_text, signed
from reports.two_runs.places import machine_facts, machine_name, revision_name, told_apart

TITLES: Mapping[str, str] = {
    "seconds": "Time", "psnr_db": "Quality", "macs_per_pixel": "Operations", "peak_bytes": "Memory",
}  # fmt: skip
"""The heading of each metric's section; another metric has its own name."""

LEAST_RUNS = 5
"""Runs from which on changes of a series are looked for: fewer do not show its noise."""

_RELATIVE = frozenset({"seconds", "peak_bytes"})


@dataclass(frozen=True)
class Stop:
    """One run of a series."""

    run: str
    revision: str
    subject: str
    started: str
    value: float
    samples: int

    @property
    def title(self) -> str:
        """The commit with its subject, or the run's name where no revision was recorded."""
        return revision_name(self.revision, self.subject) or self.run


@dataclass(frozen=True)
class Span:
    """One level of a series, from the run `start` to before the run `end`."""

    start: int
    end: int
    value: float
    low: float
    high: float
    """`low` to `high` is what 95 % of single runs keep."""


@dataclass(frozen=True)
class Shift:
    """A change of level, which begins with the run `at`."""

    at: int
    change: float
    """Relative for time and memory, else a difference."""
    verdict: str
    size: float
    """How many tolerances it is."""

    @property
    def regression(self) -> bool:
        """Whether it got slower or worse."""
        return self.verdict in REGRESSIONS


@dataclass(frozen=True)
class TrendLine:
    """One series on one machine, oldest run first."""

    name: str
    metric: str
    method: str
    fingerprint: str
    environment: Mapping[str, object]
    stops: tuple[Stop, ...]
    spans: tuple[Span, ...]
    shifts: tuple[Shift, ...]
    noise: str
    """Standard deviation of one run, as people read it; empty where the runs of a level do not differ."""

    @property
    def case(self) -> str:
        """The series' name without its metric."""
        return self.name.removeprefix(f"{self.metric} ").replace(" default ", " ")

    @property
    def rank(self) -> tuple[int, float]:
        """Orders series: regressions first, then gains, then the others; in each the largest change first."""
        worst = self.worst
        if worst is None:
            return 3, 0.0
        return (0 if worst.regression else 1 if worst.verdict != Word.UNCHANGED else 2), -worst.size

    @property
    def worst(self) -> Shift | None:
        """The largest regression, or else the largest change; None where the level never changed."""
        return min(self.shifts, key=shift_rank) if self.shifts else None


def shift_rank(shift: Shift) -> tuple[int, float]:
    """Orders changes: regressions first, then gains, then what is within the tolerance; the largest first."""
    return (0 if shift.regression else 1 if shift.verdict != Word.UNCHANGED else 2), -shift.size


def value_text(metric: str, value: float) -> str:
    """A value of a metric with its unit."""
    write = {"seconds": seconds_text, "peak_bytes": bytes_text, "macs_per_pixel": count_text}.get(metric)
    return write(value) if write else f"{digits_text(value, 5)}{' dB' if metric == 'psnr_db' else ''}"


def change_text(metric: str, change: float) -> str:
    """A change of a metric: in per cent, or as a difference with its unit."""
    if metric in _RELATIVE:
        return signed(f"{100 * change:+.2f} %")
    unit = {"psnr_db": " dB", "macs_per_pixel": " per pixel"}.get(metric, "")
    return signed(f"{change:+.4g}") + unit


def machines_of(lines: Iterable[TrendLine]) -> dict[str, str]:
    """A name for each environment, by fingerprint; no two are the same."""
    known = {line.fingerprint: line.environment for line in lines}
    names = told_apart([machine_name(one) for one in known.values()], [machine_facts(one) for one in known.values()])
    return dict(zip(known, names, strict=True))


def changes_table(lines: Sequence[TrendLine], machines: Mapping[str, str]) -> pd.DataFrame:
    """Every change of level, the worst regression first."""
    found = [(shift_rank(shift), line, shift) for line in lines for shift in line.shifts]
    records = []
    for _, line, shift in sorted(found, key=lambda one: one[0]):
        before = next(span for span in line.spans if span.end == shift.at)
        after = next(span for span in line.spans if span.start == shift.at)
        stop = line.stops[shift.at]
        records.append(
            {
                "label": line.method, "case": line.case, "metric": TITLES.get(line.metric, line.metric),
                "verdict": shift.verdict if shift.verdict != Word.UNCHANGED else "within the tolerance",
                "change": change_text(line.metric, shift.change), "before": value_text(line.metric, before.value),
                "after": value_text(line.metric, after.value), "noise": line.noise or "none", "revision": stop.title,
                "started": stop.started, "machine": machines[line.fingerprint],
            }
        )  # fmt: skip
    return pd.DataFrame(records)


def series_table(lines: Sequence[TrendLine], machines: Mapping[str, str]) -> pd.DataFrame:
    """Every series with where it stands, those that changed for the worse first."""
    records = [
        {
            "label": line.method, "case": line.case, "metric": TITLES.get(line.metric, line.metric),
            "runs": len(line.stops), "level": value_text(line.metric, line.spans[-1].value),
            "newest": value_text(line.metric, line.stops[-1].value), "noise": line.noise or "none",
            "changes": len(line.shifts), "machine": machines[line.fingerprint],
        }
        for line in sorted(lines, key=lambda line: line.rank)
    ]  # fmt: skip
    return pd.DataFrame(records)


def runs_table(lines: Sequence[TrendLine], machines: Mapping[str, str]) -> pd.DataFrame:
    """Every run once, newest first."""
    runs = {
        (line.fingerprint, stop.run): {
            "revision": stop.title, "started": stop.started, "run": stop.run, "machine": machines[line.fingerprint],
        }
        for line in lines
        for stop in line.stops
    }  # fmt: skip
    newest = sorted(runs.values(), key=lambda run: str(run["started"]), reverse=True)
    return pd.DataFrame(newest)
