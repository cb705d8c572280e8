"""A run directory -> its tables, figures and one self-contained `report.html`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from reports.derive.latency import with_units
from reports.derive.status import Status
from reports.derive.summary import Summary, summarise
from reports.draw.look import PAPER, Palette, plain_svg, styled
from reports.draw.number_text import counted
from reports.draw.pictures import panels
from reports.draw.sheet import Ink
from reports.draw.title_line import write_title
from reports.files import write_figures, write_text
from reports.read.run import Run, load_run
from reports.read.tables import BOOKKEEPING, all_tables, write_tables
from reports.sections.contents import all_sections
from reports.sections.environment import machine, short_name
from reports.sections.markup import render
from reports.sections.section import Material, Section
from reports.sections.status import remarks
from reports.sections.stream import whole_status
from reports.sections.words import words

PAGE = "report.html"
MOST_SERIES = 40


@dataclass(frozen=True)
class Report:
    """A run read, summed up and drawn: what any output format is written from."""

    run: Run
    summary: Summary
    sections: tuple[Section, ...]
    status: Status
    """What failed, was left out or was unfit."""
    svg: Mapping[str, str]
    """Each figure by its name as a file of its own."""


def make_report(directory: Path, *, paper: bool = False) -> Report:
    """Everything that is shown of the run in `directory`; writes nothing. Raises what `load_run` raises.

    Figures for a `paper` are as wide as a column, on white, and bear their title, machine and day.
    """
    run = load_run(directory)
    tables = all_tables(run)
    summary = summarise(tables, run.methods, run.metrics)
    status = whole_status(run, summary)
    shown, notes = panels(run)
    named = [str(record.get("name", "")) for record in run.listed("methods")]
    anchors = {name: f"#method-{number}" for number, name in enumerate(named)}  # numbered: names may hold anything
    material = Material(run, summary, Ink(Palette(summary.labels), anchors), shown, notes, status)
    with styled(*([PAPER] if paper else [])):
        sections = all_sections(material)
        for chart in (chart for section in sections for chart in section.charts if paper):
            write_title(chart, _origin(run))
    svg = {chart.name: plain_svg(chart.figure) for section in sections for chart in section.charts}
    return Report(run, summary, sections, status, svg)


def write_page(report: Report, directory: Path) -> Path:
    """Writes `tables/`, `figures/` and `report.html` into `directory`; returns the page's path."""
    write_tables(file_tables(report), directory)
    write_figures(report.svg, directory)
    return write_text(directory, PAGE, page(report))


def file_tables(report: Report) -> dict[str, pd.DataFrame]:
    """The tables that stand in files beside every format, units in the names of their columns."""
    return {**report.summary.tables, "latency": with_units(report.summary.latency)}


def page(report: Report) -> str:
    """The page as text."""
    series = [label for _, label in report.summary.labels][:MOST_SERIES]
    return render(
        title=f"restobench report: {report.run.name}",
        kind="report",
        heading=heading(report),
        facts=facts(report),
        status=remarks(report.status),
        well=report.status.well,
        problems=report.run.problems,
        sections=report.sections,
        svg=report.svg,
        series=list(dict.fromkeys(series)),
        footer=words(
            "page.footer",
            version=report.run.about.get("version") or "of an unknown version",
            readings=_readings(report.run),
        ),
    )


def _origin(run: Run) -> tuple[str, str]:
    """The set of methods, and the machine with the day: what a figure that stands alone says of its run."""
    return f"set {run.about.get('name') or run.name}", f"{short_name(run)}, {day(run)}"


def day(run: Run) -> str:
    """The day on which the run was started: `2026-01-02`."""
    return str(run.about.get("started") or "date not recorded").partition("T")[0]


def heading(report: Report) -> str:
    """What was measured, in a line."""
    what = report.run.about.get("name") or report.run.name
    tasks = set(report.summary.standings["task"]) | set(report.summary.timed["task"])
    measured = [word for task, word in (("denoise", "denoising"), ("upscale", "upscaling")) if task in tasks]
    return f"{what}: {' and '.join(measured)} measured" if measured else str(what)


def _whole(table: pd.DataFrame) -> pd.DataFrame:
    """The lines of the cases that did not fail."""
    return table[table["error"] == ""]


def _readings(run: Run) -> str:
    """How many values were read: what a run notes of its own time is none, nor is a failure or a picture."""
    read = run.rows["value"].notna() & ~run.rows["quantity"].isin(BOOKKEEPING)
    return counted(int(read.sum()), "reading")


def facts(report: Report) -> list[tuple[str, str, str]]:
    """(name, value, link) of what was measured, where, when and from what."""
    run, summary = report.run, report.summary
    methods = {method for method, _ in summary.labels}
    images = {
        str(name) for table in ("quality", "experiment") for name in _whole(summary.tables[table])["image"].unique()
    }
    found = ((len(methods), "method"), (len(images - {""}), "image"))
    what = ", ".join((*(counted(number, name) for number, name in found if number), _readings(run)))
    about = run.about
    said = [
        ("Measured", what, "#images"),
        ("Machine", machine(run), "#environment"),
        ("When", str(about.get("started") or "not recorded").replace("T", " ").replace("Z", " UTC"), ""),
        ("Revision", str(about.get("revision") or "not recorded")[:12], ""),
        ("Command", str(about.get("command") or "not recorded"), ""),
    ]
    return [(name, value[:300], link) for name, value, link in said]
