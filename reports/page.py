"""A run directory -> its tables, figures and one self-contained `report.html`."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from reports.derive.summary import Summary, summarise
from reports.draw.look import Palette, page_svg, plain_svg, styled
from reports.draw.pictures import scenes
from reports.draw.sheet import Ink
from reports.errors import ReportWriteError
from reports.read.run import Run, load_run
from reports.read.tables import all_tables, write_tables
from reports.sections.section import Material, Section
from reports.sections.sections import all_sections

PAGE = "report.html"
MOST_SERIES = 40

_HERE = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class Report:
    """A run read, summed up and drawn: what any output format is written from."""

    run: Run
    summary: Summary
    sections: tuple[Section, ...]
    svg: Mapping[str, str]
    """Each figure by its name as a file of its own."""


def make_report(directory: Path) -> Report:
    """Everything that is shown of the run in `directory`; writes nothing. Raises what `load_run` raises."""
    run = load_run(directory)
    tables = all_tables(run)
    summary = summarise(tables, run.methods)
    shown, notes = scenes(run)
    material = Material(run, summary, Ink(Palette(summary.labels), _anchors(run)), shown, notes)
    with styled():
        sections = tuple(all_sections(material))
    svg = {chart.name: plain_svg(chart.figure) for section in sections for chart in section.charts}
    return Report(run, summary, sections, svg)


def write_page(report: Report, directory: Path) -> Path:
    """Writes `tables/`, `figures/` and `report.html` into `directory`; returns the page's path."""
    write_tables(report.summary.tables, directory)
    write_figures(report.svg, directory)
    return write_text(directory / PAGE, page(report))


def write_figures(svg: Mapping[str, str], directory: Path) -> None:
    """Each figure as `figures/NAME.svg`."""
    for name, text in svg.items():
        write_text(directory / "figures" / f"{name}.svg", text)


def write_text(path: Path, text: str) -> Path:
    """Writes a text file whole: never a half one under its name."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.part")
        beside.write_text(text, encoding="utf-8", errors="replace")
        beside.replace(path)
    except OSError as error:
        raise ReportWriteError(
            f"cannot write {path}: {error.strerror or error}; choose a folder you may write to"
        ) from error
    return path


def page(report: Report) -> str:
    """The page as text."""
    about = report.run.about
    series = [label for _, label in report.summary.labels][:MOST_SERIES]
    return render(
        title=f"restobench report: {report.run.name}",
        kind="report",
        heading=heading(report),
        facts=facts(report),
        problems=report.run.problems,
        sections=report.sections,
        svg=report.svg,
        series=list(dict.fromkeys(series)),
        footer=f"Made by restobench {about.get('version', '')} from {len(report.run.rows):,} readings.",
    )


def render(*, sections: Iterable[Section], svg: Mapping[str, str], **words: Any) -> str:
    """The template filled in: everything is escaped but the figures, the style and the script."""
    shown = tuple(sections)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["key"] = _key
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    charts = {chart.name: chart for section in shown for chart in section.charts}
    inline = {name: Markup(page_svg(chart, svg[name])) for name, chart in charts.items()}  # noqa: S704 - drawn by us, text escaped by matplotlib
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return environment.get_template("page.html.j2").render(
        sections=shown,
        svg=inline,
        style=Markup(environment.get_template("style.css.j2").render().replace("\n", "")),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        script_hash=f"sha256-{digest}",
        **words,
    )


def _key(value: float) -> str:
    """A sort key that JavaScript reads back as the same number."""
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return f"{value:.12g}"


def _anchors(run: Run) -> dict[str, str]:
    """Where each method is described on the page; numbered, since names may hold anything."""
    return {str(record.get("name", "")): f"#method-{number}" for number, record in enumerate(run.listed("methods"))}


def heading(report: Report) -> str:
    """What was measured, in a line."""
    what = report.run.about.get("name") or report.run.name
    tasks = set(report.summary.scored["task"]) | set(report.summary.timed["task"])
    words = [word for task, word in (("denoise", "denoising"), ("upscale", "upscaling")) if task in tasks]
    return f"{what}: {' and '.join(words)} measured" if words else str(what)


def facts(report: Report) -> list[tuple[str, str, str]]:
    """(name, value, link) of what was measured, where, when and from what."""
    run, summary = report.run, report.summary
    quality = summary.tables["quality"]
    methods = len({method for method, _ in summary.labels})
    what = f"{methods} methods, {quality['image'].nunique()} images, {len(run.rows):,} readings"
    about = run.about
    said = [
        ("Measured", what, "#images"),
        ("Machine", machine(run), "#environment"),
        ("When", str(about.get("started") or "not recorded").replace("T", " ").replace("Z", " UTC"), ""),
        ("Revision", str(about.get("revision") or "not recorded")[:12], ""),
        ("Command", str(about.get("command") or "not recorded"), ""),
    ]
    return [(name, value[:300], link) for name, value, link in said]


def machine(run: Run) -> str:
    """The machine in one line, from whatever of it was recorded."""
    stable = run.section("environment").get("stable")
    if not isinstance(stable, dict):
        return "not recorded"
    said = [words.format(stable[name]) for name, words in _MACHINE.items() if stable.get(name) not in (None, "", [])]
    return ", ".join(said) or "not recorded"


_MACHINE: Mapping[str, str] = {
    "cpu": "{}",
    "gpu": "{}",
    "cores_usable": "{} cores",
    "memory_gib": "{} GiB",
    "system": "{}",
    "python": "{}",
    "package_torch": "torch {}",
}
"""What of the environment the first screen names, and how."""
