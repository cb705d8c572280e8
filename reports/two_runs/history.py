"""Times of earlier runs as one line per series, from run directories or the history file in their folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from reports.derive.labels import labelled
from reports.derive.speeds import measured_calls
from reports.draw.look import SOFT, Chart, numbered
from reports.draw.number_text import times_text
from reports.draw.sheet import MOST_SERIES, Sheet, short
from reports.errors import HistoryError
from reports.read.run import Run
from reports.read.tables import time
from reports.sections.times import left_out
from reports.sections.words import words
from reports.two_runs.places import Subjects, revision_name, run_title

FILE_NAME = "history.jsonl"
SCHEMA = 2
"""Newest version of the history file that is read."""

_MOST_TICKS = 12

_APART = ["label", "task", "channels", "scale", "device", "dtype", "threads", "batch"]
"""What tells series apart; each is drawn at the largest size that all runs share."""


def stored_times(path: Path, fingerprint: str) -> pd.DataFrame:
    """Seconds by series (lines) and run (columns, oldest first) of one environment; empty where there is no file.

    Raises `HistoryError` for a file that is broken or newer.
    """
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        entries = [json.loads(line) for line in text.split("\n")[:-1]]
        newer = [entry for entry in entries if int(entry["schema"]) > SCHEMA]
        own = [entry for entry in entries if entry["fingerprint"] == fingerprint]
        times = pd.DataFrame({number: _seconds(entry["series"]) for number, entry in enumerate(own)})
        names = [revision_name(one.get("revision"), one.get("subject")) or str(one["run"]) for one in own]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise HistoryError(f"{path} is no history of runs ({type(error).__name__}: {error}); restore a copy") from error
    if newer:
        raise HistoryError(f"{path} holds schema {newer[0]['schema']}, newer than {SCHEMA}; upgrade restobench")
    return times.set_axis(names, axis=1)


def _seconds(series: dict[str, dict[str, Any]]) -> dict[str, float]:
    kept = {name: point for name, point in series.items() if point["metric"] == "seconds"}
    return {name.removeprefix("seconds "): float(point["value"]) for name, point in kept.items()}


def run_times(runs: Sequence[Run], subjects: Subjects | None = None) -> pd.DataFrame:
    """Median seconds by series (lines) and run (columns); a series' name says what tells it from its like."""
    timed = [
        measured_calls(labelled(time(run), run.methods)).astype({"task": object, "device": object, "dtype": object})
        for run in runs
    ]
    medians = [table.groupby([*_APART, "height", "width"])["seconds"].median() for table in timed]
    shared = pd.concat(medians, axis=1, join="inner").sort_index(level=["height", "width"], sort_remaining=False)
    largest = shared.groupby(level=_APART, sort=False).tail(1)
    names = series_names(largest.index.to_frame(index=False))
    titles = [run_title(run, subjects or {}) for run in runs]
    return largest.set_axis(names, axis=0).set_axis(titles, axis=1)


def series_names(cases: pd.DataFrame) -> list[str]:
    """The label of each case, with what differs between cases of one label: channels, scale, threads, batch."""
    written = {"scale": "×{:g}", "channels": "channels {:g}", "threads": "threads {:g}", "batch": "batch {:g}"}
    alike = cases.groupby("label", sort=False)
    varied = {name: alike[name].transform("nunique") > 1 for name in written}
    return [
        ", ".join(
            [str(line["label"]), *(text.format(line[name]) for name, text in written.items() if varied[name].iloc[at])]
        )
        for at, (_, line) in enumerate(cases.iterrows())
    ]


def chart(times: pd.DataFrame) -> Iterator[Chart]:
    """Each series over its first run, run by run; nothing for fewer than two runs."""
    shared = times.dropna()
    if shared.empty or shared.shape[1] < 2:  # noqa: PLR2004 - a history has two points
        return
    ratios = shared.div(shared.iloc[:, 0], axis=0)
    moved = (ratios.iloc[:, -1] - 1).abs().sort_values(ascending=False).index[:MOST_SERIES]
    sheet, names = Sheet(), [str(name) for name in ratios.columns]
    for look, label in zip(numbered(MOST_SERIES), moved, strict=False):
        ratio = ratios.loc[label].tolist()
        tips = [f"{label} in {name}: {times_text(value)} the time" for name, value in zip(names, ratio, strict=True)]
        sheet.line(range(len(ratio)), ratio, name=str(label), look=look, tips=tips)
    sheet.axes.axhline(1, color=SOFT, linewidth=1)
    every = -(-len(names) // _MOST_TICKS)
    ticks = range(0, len(names), every)
    sheet.axes.set_xticks(ticks, [short(names[at].split()[0], 12) for at in ticks], rotation=30, ha="right")
    sheet.axes.set(xlabel="revision", ylabel="time over the first run")
    low, high = (times_text(value) for value in (ratios.iloc[:, -1].min(), ratios.iloc[:, -1].max()))
    ended = words("comparison.between", low=low, high=high) if low != high else words("comparison.at", times=low)
    finding = words("comparison.history", runs=len(names), first=names[0], last=names[-1], ended=ended)
    yield sheet.chart("history", "Time over the runs", finding + left_out(len(ratios) - len(moved)))
