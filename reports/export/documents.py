"""The same report for papers and terminals: Markdown, LaTeX with booktabs and PDF figures, CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from reports.draw.grid import Grid
from reports.draw.look import save_pdf
from reports.export.bibliography import bibliography, papers
from reports.export.latex_tables import MOST_LINES, all_lines, long_tables
from reports.export.latex_text import flowing_text, latex_text
from reports.export.top_ten import top_tens
from reports.files import whole_file, write_figures, write_text
from reports.page import Report, facts, file_tables, heading
from reports.read.tables import write_tables
from reports.sections.status import remarks

_HERE = Path(__file__).parents[1] / "templates"


def write_markdown(report: Report, directory: Path) -> Path:
    """`report.md` with `figures/*.svg` and `tables/` in the same folder."""
    write_tables(file_tables(report), directory)
    write_figures(report.svg, directory)
    return write_text(directory, "report.md", _rendered("report.md.j2", report, markdown_text))


def write_latex(report: Report, directory: Path) -> Path:
    """`report.tex`, a whole document, and `paper.tex`, a short one, which show the files beside them.

    Those are `tables/NAME.tex`, `figures/NAME.pdf` and, where methods name papers, `methods.bib`; `tables/` has the CSV
    files, too. Returns the path of `report.tex`.
    """
    write_tables(file_tables(report), directory)
    write_figures(report.svg, directory)
    found = papers(report.run.listed("methods"))
    if found:
        write_text(directory, "methods.bib", bibliography(found.values(), latex_text))
    for section in report.sections:
        for chart in section.charts:
            with whole_file(directory, f"figures/{chart.name}.pdf") as file:
                save_pdf(chart.figure, file)
        for grid in section.grids:
            _write_table(grid, directory)
    best = top_tens(report, {method: paper.key for method, paper in found.items()})
    for name, table in best.items():
        write_text(directory, f"tables/{name}.tex", table)
    write_text(
        directory, "paper.tex", _rendered("paper.tex.j2", report, flowing_text, best=list(best), cites=bool(found))
    )
    return write_text(
        directory, "report.tex", _rendered("report.tex.j2", report, flowing_text, best=list(best), cites=bool(found))
    )


def _write_table(grid: Grid, directory: Path) -> None:
    """The table and, where it is cut, a CSV file of all that the page shows."""
    write_text(directory, f"tables/{grid.name}.tex", long_tables(grid))
    if len(grid.lines) > MOST_LINES:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(
            [grid.columns, *([cell.text for cell in line.cells] for line in grid.lines)]
        )
        write_text(directory, all_lines(grid), text.getvalue())


def write_csv(report: Report, directory: Path) -> Path:
    """The tables alone; returns their folder."""
    write_tables(file_tables(report), directory)
    return directory / "tables"


def markdown_text(text: object) -> str:
    """`text` as Markdown that shows it literally, on one line."""
    one_line = " ".join(str(text).split())
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", one_line)


def _rendered(template: str, report: Report, escape: Callable[[object], str], **more: Any) -> str:
    """Every `{{ }}` goes through `escape` (jinja2's `finalize`), but what is marked `raw`."""
    environment = jinja2.Environment(  # noqa: S701 - no HTML is made here; `finalize` escapes for the format
        loader=jinja2.FileSystemLoader(_HERE),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else escape(value),
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
    )
    environment.filters["raw"] = Markup
    return environment.get_template(template).render(
        heading=heading(report),
        facts=facts(report),
        status=remarks(report.status),
        problems=report.run.problems,
        sections=report.sections,
        most=MOST_LINES,
        numeric=_numeric,
        **more,
    )


def _numeric(grid: Grid) -> list[bool]:
    """Which columns hold numbers."""
    keys: list[list[Any]] = [[line.cells[place].key for line in grid.lines] for place in range(len(grid.columns))]
    return [bool(column) and all(not isinstance(key, str) for key in column) for column in keys]
