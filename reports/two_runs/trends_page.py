"""The stored history as one page: each series over revisions with its noise, changes named by commit, worst first."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.ticker import FuncFormatter

from reports.draw.grid import Columns, grid, number_cell, text_cell
from reports.draw.look import INK, SHADE, SOFT, Chart, Look, Marks, Palette, plain_svg, styled, tag
from reports.draw.names import size
from reports.draw.number_text import counted, listed
from reports.draw.sheet import Sheet, short, slug
from reports.files import write_text
from reports.sections import conventions
from reports.sections.markup import render
from reports.sections.section import Section
from reports.sections.words import words
from reports.two_runs.trends import (
    LEAST_RUNS,
    TITLES,
    Shift,
    Stop,
    TrendLine,
    change_text,
    changes_table,
    machines_of,
    runs_table,
    series_table,
    shift_rank,
    value_text,
)

PAGE = "history.html"
MOST_FIGURES = 48
"""The series that are drawn: those that changed most for the worse. The table has all."""

_MOST_TICKS = 8
_MOST_NAMED = 2
_MOST_SERIES = 40
_CHANGES = ("case", "metric", "verdict", "change", "before", "after", "noise", "revision", "started", "machine")
_SERIES = ("case", "metric", "runs", "level", "newest", "noise", "changes", "machine")
_RUNS = ("revision", "started", "run", "machine")


def write_trends(lines: Sequence[TrendLine], path: Path, *, runs: int, notes: Sequence[str] = ()) -> Path:
    """Writes `history.html` beside the history file at `path`, made of `runs` runs; returns its path.

    `notes` say what could not be found out.
    """
    machines = machines_of(lines)
    ordered = sorted(lines, key=lambda line: line.rank)
    methods = list(dict.fromkeys(line.method for line in ordered))
    with styled():
        shown = tuple(_sections(ordered, machines, path))
    svg = {chart.name: plain_svg(chart.figure) for section in shown for chart in section.charts}
    stops = sorted((stop for line in lines for stop in line.stops), key=lambda stop: stop.started)
    page = render(
        title=f"restobench history: {counted(runs, 'run')}",
        kind="history",
        facts=[
            ("History", f"{counted(runs, 'run')}, {len(lines)} series", "#runs"),
            ("From", _dated(stops[0]) if stops else "nothing", ""),
            ("To", _dated(stops[-1]) if stops else "nothing", ""),
            ("Machines", listed(machines.values()), "#environment"),
        ],
        heading="Every series over the revisions",
        status=(),
        well=True,
        problems=tuple(notes),
        sections=shown,
        svg=svg,
        series=methods[:_MOST_SERIES],
        footer=words("history.footer", path=path.name, runs=counted(runs, "run")),
    )
    return write_text(path.parent, PAGE, page)


def _dated(stop: Stop) -> str:
    return f"{stop.title}, {stop.started.partition('T')[0] or 'date not recorded'}"


def _sections(lines: Sequence[TrendLine], machines: Mapping[str, str], path: Path) -> Iterator[Section]:
    """Every section in the page's order; `lines` are ordered, the worst first."""
    where = shlex.quote(str(path))
    command = f"restobench report --history {where}"
    table = changes_table(lines, machines)
    shape: Columns = {"label": ("method", text_cell), **{name: (_head(name), text_cell) for name in _CHANGES}}
    changes = grid("changes", "Changes, the worst first", table, shape)
    yield Section(
        "summary", "Summary", command, findings=tuple(_verdict(lines, machines)), grids=(changes,),
        after=(words("history.rule"),),
    )  # fmt: skip
    drawn = lines[:MOST_FIGURES]
    palette = Palette((line.method, line.method) for line in lines)
    left = (words("history.left_out", count=len(lines) - len(drawn)),) if len(lines) > len(drawn) else ()
    for metric in dict.fromkeys((*TITLES, *(line.metric for line in lines))):
        own = [line for line in drawn if line.metric == metric]
        if any(line.metric == metric for line in lines):
            charts = tuple(_chart(line, machines, palette[line.method], number) for number, line in enumerate(own))
            yield Section(f"metric-{slug(metric)}", TITLES.get(metric, metric), command, charts=charts, text=left)
    shape = {"label": ("method", text_cell), **{name: (_head(name), text_cell) for name in _SERIES}}
    shape = {**shape, "runs": ("runs", number_cell("g")), "changes": ("changes", number_cell("g"))}
    every = grid("series", "Where each series stands", series_table(lines, machines), shape)
    yield Section("series", "All series", f"restobench history show --history {where}", grids=(every,))
    of_runs: Columns = {name: (_head(name), text_cell) for name in _RUNS}
    yield Section(
        "runs", "Runs", command, grids=(grid("runs", "Runs, the newest first", runs_table(lines, machines), of_runs),)
    )
    yield _environments(lines, machines, command)
    yield Section("conventions", "Conventions", command, terms=conventions.terms())


def _head(column: str) -> str:
    return {"metric": "what", "case": "series", "noise": "noise of one run"}.get(column, column)


def _verdict(lines: Sequence[TrendLine], machines: Mapping[str, str]) -> Iterator[str]:
    changed = [(line, shift) for line in lines for shift in line.shifts if shift.verdict != "unchanged"]
    worse = [(line, shift) for line, shift in changed if shift.regression]
    few = sum(len(line.stops) < LEAST_RUNS for line in lines)
    if worse:
        line, shift = min(worse, key=lambda one: shift_rank(one[1]))
        at = f" on {machines[line.fingerprint]}" if len(machines) > 1 else ""
        said = f"{TITLES.get(line.metric, line.metric).lower()} of {line.case}{at}"
        yield words(
            "history.worst", count=counted(len(worse), "change"), series=said,
            change=change_text(line.metric, shift.change), verdict=shift.verdict, revision=line.stops[shift.at].title,
        )  # fmt: skip
    elif few < len(lines):
        yield words("history.none_worse", series=len(lines) - few)
    if gains := len(changed) - len(worse):
        yield words("history.gains", gains=counted(gains, "change"))
    if few:
        yield words("history.few", few=few, series=len(lines), least=LEAST_RUNS)


def _chart(line: TrendLine, machines: Mapping[str, str], look: Look, number: int) -> Chart:
    """One series: its runs, its levels with what 95 % of single runs keep, and its changes by commit."""
    sheet, places = Sheet((5.6, 2.9)), range(len(line.stops))
    for span in line.spans:
        edges = [span.start - 0.5, span.end - 0.5]
        _tagged(sheet, sheet.axes.fill_between(edges, span.low, span.high, color=SHADE, alpha=0.5, linewidth=0), line)
        _tagged(sheet, sheet.axes.hlines(span.value, edges[0], edges[1], color=SOFT, linewidth=1), line)
    values = [stop.value for stop in line.stops]
    _tagged(sheet, sheet.axes.plot(places, values, color=look.color, linewidth=1)[0], line)
    what = f"{line.case} on {machines[line.fingerprint]}" if len(machines) > 1 else line.case
    tips = [
        f"{stop.title}: {value_text(line.metric, stop.value)} ({stop.started.partition('T')[0]}, run {stop.run})"
        for stop in line.stops
    ]
    sheet.points(places, values, name=line.method, look=look, tips=tips)
    for shift in sorted(line.shifts, key=shift_rank)[:_MOST_NAMED]:
        _mark(sheet, line, shift)
    every = -(-len(line.stops) // _MOST_TICKS)
    ticks = range(0, len(line.stops), every)
    sheet.axes.set_xticks(ticks, [short(line.stops[at].title.split()[0], 12) for at in ticks], rotation=30, ha="right")
    sheet.axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: value_text(line.metric, value)))
    sheet.axes.set_xlim(-0.6, len(line.stops) - 0.4)
    metric = TITLES.get(line.metric, line.metric)
    return sheet.chart(f"trend-{slug(line.metric)}-{number}", f"{metric}: {what}", _finding(line))


def _tagged(sheet: Sheet, artist: Artist, line: TrendLine) -> None:
    """Shows and hides with the series' method."""
    sheet.marks[tag(artist, line.method, len(sheet.marks))] = Marks((), line.method)


def _mark(sheet: Sheet, line: TrendLine, shift: Shift) -> None:
    """A line where a level changed, with the commit and its subject."""
    _tagged(sheet, sheet.axes.axvline(shift.at - 0.5, color=INK, linewidth=1, linestyle=(0, (3, 2))), line)
    left = shift.at < len(line.stops) / 2
    text = sheet.axes.annotate(
        _beginning(line.stops[shift.at].title), (shift.at - 0.5, 1), (2 if left else -2, 2),
        xycoords=("data", "axes fraction"), textcoords="offset points", ha="left" if left else "right", va="bottom",
        fontsize=size(), color=INK, annotation_clip=False,
    )  # fmt: skip
    _tagged(sheet, text, line)


def _beginning(text: str, most: int = 34) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _finding(line: TrendLine) -> str:
    newest = value_text(line.metric, line.stops[-1].value)
    noise = words("history.noise", noise=line.noise) if line.noise else words("history.exact")
    newest_said = words("history.newest", newest=newest, noise=noise)
    if not line.shifts:
        runs = counted(len(line.stops), "run")
        if len(line.stops) >= LEAST_RUNS:
            return f"{words('history.steady', runs=runs)} {newest_said}"
        return f"{words('history.too_few', runs=runs, least=LEAST_RUNS)} {newest_said}"
    said = [
        words(
            "history.changed", revision=line.stops[shift.at].title, change=change_text(line.metric, shift.change),
            verdict=shift.verdict if shift.verdict != "unchanged" else words("history.within"),
        )
        for shift in sorted(line.shifts, key=shift_rank)[:_MOST_NAMED]
    ]  # fmt: skip
    more = len(line.shifts) - _MOST_NAMED
    said += [words("history.more", more=counted(more, "smaller change"))] if more > 0 else []
    return " ".join((*said, newest_said))


def _environments(lines: Sequence[TrendLine], machines: Mapping[str, str], command: str) -> Section:
    """The machines of the history, with what is recorded of each."""
    known = {line.fingerprint: line.environment for line in lines}
    names = dict.fromkeys(name for one in known.values() for name in one)
    records = [
        {"name": name, **{at: str(one.get(name, "")) for at, one in known.items()}} for name in ("fingerprint", *names)
    ]
    records[0] |= {at: at for at in known}
    shape: Columns = {"name": ("field", text_cell), **{at: (machines[at], text_cell) for at in known}}
    table = grid("environment", "Machines and software", pd.DataFrame(records), shape)
    return Section("environment", "Machines", command, grids=(table,))
