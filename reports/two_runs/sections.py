"""The sections of the page of two runs: their figures, tables and words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from reports.derive.verdict_words import CALLED_FROM, Word
from reports.draw.columns import columns, interval
from reports.draw.grid import Columns, grid, text_cell
from reports.draw.look import SHADE, SOFT, Chart, Palette
from reports.draw.number_text import at_most_text, counted, reach_text, seconds_text, takes_text, times_text
from reports.draw.sheet import Sheet
from reports.errors import HistoryError
from reports.read.run import Run
from reports.read.tables import lines_of
from reports.sections import conventions
from reports.sections.section import Section
from reports.sections.words import words
from reports.two_runs.changes import exact_changes, exact_pairs, quality_changes, time_changes, worst_first
from reports.two_runs.history import FILE_NAME, chart, run_times, series_names, stored_times
from reports.two_runs.pair import Pair
from reports.two_runs.places import Subjects
from reports.two_runs.worst import worst_said

_TIME = columns(
    "label channels scale width height threads batch before after ratio low high n verdict",
    before=("base", seconds_text),
    after=("head", seconds_text),
    ratio=("ratio", times_text),
    **interval(times_text),
    n=("n", "g"),
)
_QUALITY: Columns = {
    **columns("label degradation sigma_255 ratio"),
    "metric": ("score", text_cell),
    **columns(
        "before after change low high n verdict",
        before=("base", ".4f"),
        after=("head", ".4f"),
        change=("change", "+.4f"),
        **interval("+.4f"),
        n=("n", "g"),
    ),
}
_EXACT = columns(
    "label quantity where before after off verdict",
    before=("base", ",.6g"),
    after=("head", ",.6g"),
    off=("change", "+.2%"),
)
_MOST_ROWS = 24
_FIELDS: Columns = {"name": ("field", text_cell), "before": ("base", text_cell), "after": ("head", text_cell)}


def sections(pair: Pair, earlier: Sequence[Run], command: str) -> Iterator[Section]:
    """Every section, in the page's order; `earlier` runs make the history longer, `command` makes the page again."""
    times = time_changes(pair)
    times = worst_first(times, times["ratio"].astype(float).map(np.log))
    qualities, exact = quality_changes(pair), exact_changes(pair)
    qualities, exact = worst_first(qualities, qualities["loss"]), worst_first(exact, exact["off"])
    said = tuple(_verdict(times, qualities, exact, pair))
    yield Section("summary", "Summary", command, findings=said, after=(" ".join(_rule(pair)),))
    timed = grid("time-changes", "Time, head over base", times, _TIME)
    yield Section(
        "time",
        "Time",
        command,
        text=_absent(times, words("comparison.no_times")),
        charts=tuple(_forest(times, pair)),
        grids=(timed,),
    )
    titles = {metric.name: metric.heading for metric in pair.after.metrics}
    shown = qualities.assign(
        ratio=qualities["ratio"].where(qualities["ratio"] >= 0), metric=qualities["metric"].map(titles)
    )
    scored = grid("quality-changes", "Scores on the same images and noise", shown, _QUALITY)
    yield Section(
        "quality", "Quality", command, text=_absent(qualities, words("comparison.no_scores")), grids=(scored,)
    )
    changed = grid("exact-changes", "What changed", exact, _EXACT)
    yield Section("exact", "Operations and memory", command, text=_unchanged(pair, exact), grids=(changed,))
    charts, problem = _history(pair, earlier, pair.subjects)
    none = () if charts or problem else (words("comparison.no_history"),)
    yield Section("history", "History", command, charts=charts, text=problem or none)
    yield _environment(pair, command)
    yield Section("conventions", "Conventions", command, terms=conventions.terms())


def _absent(table: pd.DataFrame, sentence: str) -> tuple[str, ...]:
    return () if len(table) else (sentence,)


def _unchanged(pair: Pair, exact: pd.DataFrame) -> tuple[str, ...]:
    """That no count changed, where there are counts that could have."""
    if len(exact):
        return ()
    common = len(exact_pairs(pair))
    said = words("comparison.nothing_changed", counts=counted(common, "count"))
    return (said if common else words("comparison.nothing_counted"),)


def _verdict(times: pd.DataFrame, qualities: pd.DataFrame, exact: pd.DataFrame, pair: Pair) -> Iterator[str]:
    if times.empty and qualities.empty and exact_pairs(pair).empty:
        yield words("comparison.nothing_in_common")
        return
    yield from worst_said(times, qualities, exact, pair)
    yield from _counted(times, qualities)
    if times.empty and qualities.empty:
        yield from _unchanged(pair, exact)
    if len(exact):
        yield words("comparison.counts_changed", lines=counted(len(exact), "line"))


def _counted(times: pd.DataFrame, qualities: pd.DataFrame) -> Iterator[str]:
    """Of how many cases each verdict was given."""
    for table, good, bad, what in (
        (times, Word.FASTER, Word.SLOWER, "timed"),
        (qualities, Word.BETTER, Word.WORSE, "scored"),
    ):
        if len(table):
            count = table["verdict"].value_counts()
            parts = [f"{int(count.get(word, 0))} {word}" for word in (bad, good, Word.UNCHANGED)]
            if unclear := int(count.get(Word.NOT_SLOWER, 0)):
                parts.append(f"{unclear} {Word.NOT_SLOWER}")
            if unsure := int(count[count.index.str.startswith(Word.NO_VERDICT)].sum()):
                parts.append(f"{unsure} without verdict")
            cases = f"{counted(len(table), 'case')} {what}"
            yield words("comparison.counts", cases=cases, counts=", ".join(parts))


def _rule(pair: Pair) -> Iterator[str]:
    tolerances, floor = pair.tolerances, at_most_text(100 * pair.floor)
    yield words("comparison.floor", floor=floor) if pair.floor else words("comparison.no_floor")
    yield words(
        "comparison.rule",
        called=100 * CALLED_FROM * tolerances.time,
        time=100 * tolerances.time,
        psnr_db=CALLED_FROM * tolerances.psnr_db,
        memory=100 * CALLED_FROM * tolerances.memory,
        macs_per_pixel=CALLED_FROM * tolerances.macs_per_pixel,
    )


def _forest(times: pd.DataFrame, pair: Pair) -> Iterator[Chart]:
    if times.empty:
        return
    palette = Palette(pair.after.labels)
    moved = times.assign(size=np.abs(times["ratio"].astype(float).map(np.log)), name=case_names(times))
    moved = moved.nlargest(_MOST_ROWS, "size").sort_values("ratio", ascending=False, kind="stable")
    sheet = Sheet((5.6, 1.2 + 0.3 * len(moved)))
    least = 1 + max(CALLED_FROM * pair.tolerances.time, pair.floor)
    sheet.axes.axvspan(1 / least, least, color=SHADE, alpha=0.5, linewidth=0)
    sheet.axes.axvline(1, color=SOFT, linewidth=1)
    for place, line in enumerate(lines_of(moved)):
        reach = reach_text(times_text(line.low), times_text(line.high))
        tip = f"{line.name}: {times_text(line.ratio)}{reach}, {line.verdict}"
        name = str(line.label)
        sheet.estimate(place, line.ratio, line.low, line.high, name=name, look=palette[name], tip=tip)
    sheet.names(moved["name"], 40)
    sheet.axes.set_xlabel("head over base; shaded: no change")
    largest = moved.iloc[int(moved["size"].to_numpy(float).argmax())]
    takes = takes_text(largest["ratio"], "the base")
    finding = words("comparison.largest", method=largest["label"], takes=takes, verdict=largest["verdict"])
    yield sheet.chart("time-changes", "Time, head over base", finding)


def case_names(times: pd.DataFrame) -> list[str]:
    """Each timed case by its label, what tells it from its like, and its size."""
    names = series_names(times)
    return [f"{name}, {line.width:.0f} × {line.height:.0f}" for name, line in zip(names, lines_of(times), strict=True)]


def _history(pair: Pair, earlier: Sequence[Run], subjects: Subjects) -> tuple[tuple[Chart, ...], tuple[str, ...]]:
    """The stored history of this environment where one lies in their folder, else the runs themselves."""
    times = run_times([*earlier, pair.base, pair.head], subjects)
    if not earlier:
        path = pair.head.directory.resolve().parent / FILE_NAME
        try:
            stored = stored_times(path, str(pair.head.about.get("fingerprint")))
        except HistoryError as error:
            return tuple(chart(times)), (str(error),)
        times = stored if stored.shape[1] > 1 else times
    return tuple(chart(times)), ()


def _environment(pair: Pair, command: str) -> Section:
    stable = [run.section("environment").get("stable") for run in (pair.base, pair.head)]
    before, after = (part if isinstance(part, dict) else {} for part in stable)
    changed = [
        {"name": str(name), "before": str(before.get(name, "")), "after": str(after.get(name, ""))}
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]
    fields = grid("environment", "Fields that differ", pd.DataFrame(changed), _FIELDS)
    text = words("comparison.same_machine") if pair.same_machine else words("comparison.other_machine")
    return Section("environment", "Environment", command, text=(text,), grids=(fields,))
