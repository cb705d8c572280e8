"""What a notebook shows of a run: how it went, the front of quality against time, and its table."""

from __future__ import annotations

from dataclasses import replace

import jinja2
from markupsafe import Markup

from reports.derive.summary import Summary
from reports.draw.grid import Grid, grid
from reports.draw.look import VARIABLES, Chart, Palette, page_svg, plain_svg, styled
from reports.draw.sheet import Ink
from reports.read.run import Run
from reports.sections.markup import environment
from reports.sections.score_tables import narrow, settings_text, standings, without
from reports.sections.status import error_text, remarks
from reports.sections.stream import whole_status
from reports.sections.summary import charts

MOST_LINES = 30
"""Lines of the table that a cell shows."""

MOST_ERRORS = 5
"""Distinct errors that a cell shows."""


def shown(run: Run, summary: Summary) -> str:
    """A run as HTML that needs nothing around it; everything but the figures is escaped."""
    status = whole_status(run, summary)
    said = [remark.text for remark in remarks(status)]
    errors = [error_text(problem) for problem in status.errors[:MOST_ERRORS]]
    with styled():
        drawn = [_own(run, chart) for chart in charts(summary, Ink(Palette(summary.labels), {}))]
    return _template().render(
        name=run.name,
        said=[*said, *errors, *status.problems],
        grid=_leaderboard(summary),
        charts=[(chart, Markup(page_svg(chart, plain_svg(chart.figure)))) for chart in drawn],  # noqa: S704 - drawn by us, text escaped by matplotlib
        colors="".join(f"{name[4:-1]}:{color};" for color, name in VARIABLES.items()),
        most=MOST_LINES,
    )


def shown_table(caption: str, heading: str, table: Grid) -> str:
    """A table as HTML that needs nothing around it, everything escaped; `heading` is said before it."""
    return _template().render(name=caption, said=[heading], grid=table, charts=[], colors="", most=MOST_LINES)


def _leaderboard(summary: Summary) -> Grid:
    table = standings(summary)
    caption = f"Quality beside time, {settings_text(table)}"
    return grid("leaderboard", caption, narrow(table), without("residual_std_255", "mean_offset_255", summary=summary))


def _own(run: Run, chart: Chart) -> Chart:
    """The chart under a name that no other run's has in the same notebook, without links into a page."""
    marks = {name: replace(marks, links=()) for name, marks in chart.marks.items()}
    return replace(chart, name=f"{run.name}-{chart.name}", marks=marks)


def _template() -> jinja2.Template:
    return environment().get_template("notebook.html.j2")
