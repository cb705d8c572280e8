"""Several runs on one page: what differs between two revisions of one machine, or between machines.

The runs of a pair were made apart, so a drift of the machine looks like a change: how far two halves of one run differ
(the A/A floor) is measured from the runs themselves and counts against every verdict on time.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from reports.draw.look import plain_svg, styled
from reports.draw.number_text import counted, listed
from reports.draw.sheet import short
from reports.errors import ReportError
from reports.files import write_figures, write_text
from reports.read.run import Run, load_run
from reports.read.tables import failed
from reports.sections.environment import machine
from reports.sections.markup import render
from reports.sections.section import Section
from reports.sections.words import words
from reports.two_runs import machine_sections
from reports.two_runs.machines import read_machines
from reports.two_runs.pair import Pair, pair_of
from reports.two_runs.places import Subjects, fingerprint, places_of, run_title
from reports.two_runs.sections import sections

PAGE = "comparison.html"
MOST_SERIES = 40


def write_comparison(directories: Sequence[Path], *, out: Path | None = None, subjects: Subjects | None = None) -> Path:
    """Writes `comparison.html` into `out` (default: the last run).

    Runs of several machines stand beside each other; of one machine the last two are compared, and those before, oldest
    first, make the history longer. `subjects` are those of commits whose runs did not record them.
    """
    if len(directories) < 2:  # noqa: PLR2004 - a comparison
        raise ReportError(f"a comparison takes two runs or more, got {len(directories)}")
    runs, known = [load_run(directory) for directory in directories], subjects or {}
    command = shlex.join(["restobench", "report", *map(str, directories)])
    several = len({fingerprint(run) for run in runs} - {""}) > 1
    make = _machines if several else _revisions
    with styled():
        shown, facts = make(runs, known, command)
    return _write(
        out or directories[-1], shown, {**facts, "footer": words("comparison.footer", runs=counted(len(runs), "run"))}
    )


def _write(directory: Path, shown: Sequence[Section], facts: Mapping[str, Any]) -> Path:
    svg = {chart.name: plain_svg(chart.figure) for section in shown for chart in section.charts}
    write_figures(svg, directory)
    page = render(kind="comparison", status=(), well=True, sections=shown, svg=svg, **facts)
    return write_text(directory, PAGE, page)


def _revisions(runs: Sequence[Run], subjects: Subjects, command: str) -> tuple[tuple[Section, ...], dict[str, Any]]:
    """The sections that compare the last two runs, and what stands above them."""
    *earlier, base, head = runs
    pair = pair_of(base, head, subjects)
    return tuple(sections(pair, earlier, command)), {
        "title": f"restobench comparison: {pair.base.name} and {pair.head.name}",
        "heading": f"{short(pair.titles[1], 60)} against {short(pair.titles[0], 60)}",
        "facts": [
            ("Base", _origin(pair.base, subjects), ""),
            ("Head", _origin(pair.head, subjects), ""),
            ("Machine", machine(pair.head), "#environment"),
        ],
        "problems": tuple(_problems(pair)),
        "series": list(dict.fromkeys(label for _, label in pair.after.labels))[:MOST_SERIES],
    }


def _machines(runs: Sequence[Run], subjects: Subjects, command: str) -> tuple[tuple[Section, ...], dict[str, Any]]:
    """The sections of runs of several machines, and what stands above them."""
    found = read_machines(places_of(runs))
    problems = [
        f"{place.name}: {problem}" for place in found.places for problem in (*place.run.problems, *_failures(place.run))
    ]
    problems += [words("machines.unknown_machine", run=run.name) for run in runs if not fingerprint(run)]
    stated = [fingerprint(run) or run.name for run in runs]
    machines = counted(len(set(stated)), "machine")
    if len(set(stated)) < len(stated):
        problems.append(words("machines.one_machine"))
    if machine_sections.runs_differ(found):
        problems.append(words("machines.unlike"))
    return tuple(machine_sections.sections(found, subjects, command)), {
        "title": f"restobench comparison: {machines}",
        "heading": f"{counted(len(runs), 'run')} on {machines}",
        "facts": [(place.name, _origin(place.run, subjects), "#environment") for place in found.places],
        "problems": tuple(dict.fromkeys(problems)),
        "series": machine_sections.series(found)[:MOST_SERIES],
    }


def _problems(pair: Pair) -> Iterator[str]:
    for side, run in (("base", pair.base), ("head", pair.head)):
        yield from (f"{side}: {problem}" for problem in (*run.problems, *_failures(run)))
    if not pair.same_machine:
        yield words("comparison.not_judged")


def _failures(run: Run) -> Iterator[str]:
    """How many cases failed, with the commonest error; nothing where none did."""
    bad = failed(run.rows)
    if len(bad):
        error = str(bad["error"].astype(str).value_counts().index[0])
        methods = listed(bad["method"].astype(str))
        yield words(
            "comparison.failed", cases=counted(int(bad["case"].nunique()), "case"), methods=methods, error=error
        )


def _origin(run: Run, subjects: Subjects) -> str:
    started = str(run.about.get("started") or "date not recorded").replace("T", " ").replace("Z", " UTC")
    return f"{run_title(run, subjects)}, {started}, run {run.name}"
