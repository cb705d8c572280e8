"""Two runs compared on one page: what became faster or slower, better or worse, and how sure that is.

The runs were made apart, so a drift of the machine looks like a change: how far two halves of one run differ (the A/A
floor) is measured from the runs themselves and counts against every verdict on time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from reports.draw.look import plain_svg, styled
from reports.draw.number_text import counted
from reports.draw.sheet import short
from reports.files import write_figures, write_text
from reports.read.run import Run, load_run
from reports.sections.environment import machine
from reports.sections.markup import render
from reports.sections.words import words
from reports.two_runs.pair import Pair, read_pair
from reports.two_runs.sections import sections

PAGE = "comparison.html"


def write_comparison(base: Path, head: Path, *, out: Path | None = None, earlier: Sequence[Path] = ()) -> Path:
    """Writes `comparison.html` into `out` (default: `head`); `earlier` runs, oldest first, make the history longer."""
    pair = read_pair(base, head)
    before = [load_run(directory) for directory in earlier]
    with styled():
        shown = tuple(sections(pair, before))
    svg = {chart.name: plain_svg(chart.figure) for section in shown for chart in section.charts}
    directory = out or head
    write_figures(svg, directory)
    page = render(
        title=f"restobench comparison: {pair.base.name} and {pair.head.name}",
        kind="comparison",
        facts=_facts(pair),
        heading=f"{short(pair.head.name, 60)} against {short(pair.base.name, 60)}",
        status=(),
        well=True,
        problems=tuple(_problems(pair)),
        sections=shown,
        svg=svg,
        series=list(dict.fromkeys(label for _, label in pair.after.labels))[:40],
        footer=words("comparison.footer", runs=counted(len(earlier) + 2, "run")),
    )
    return write_text(directory, PAGE, page)


def _problems(pair: Pair) -> Iterator[str]:
    for side, run in (("base", pair.base), ("head", pair.head)):
        yield from (f"{side}: {problem}" for problem in run.problems)
    if not pair.same_machine:
        yield words("comparison.not_judged")


def _facts(pair: Pair) -> list[tuple[str, str, str]]:
    return [
        ("Base", _origin(pair.base), ""),
        ("Head", _origin(pair.head), ""),
        ("Machine", machine(pair.head), "#environment"),
    ]


def _origin(run: Run) -> str:
    revision = str(run.about.get("revision") or "not recorded")[:12]
    return f"{run.name}, {run.about.get('started') or 'date not recorded'}, revision {revision}"
