"""How to show: reads a run directory and writes one page. Imports neither `bench` nor `restoration`, nor torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

from reports.errors import FormatError, ReportError

Format = Literal["html", "markdown", "latex", "csv"]
FORMATS: tuple[Format, ...] = get_args(Format)

__all__ = ["FORMATS", "Format", "ReportError", "compare_reports", "write_report"]


def write_report(run: Path, *, format: Format = "html", out: Path | None = None) -> Path:  # noqa: A002 - the option's name
    """Writes the report of the run directory `run` into `out` (default: the run itself); returns what to open.

    `html` is one file; `markdown` and `latex` refer to `figures/` beside them, those of `latex` as wide as a column;
    `csv` is the folder of tables.
    Raises `ReportError`: its `status` is the command's exit status.
    """
    if format not in FORMATS:
        raise FormatError(f"unknown format {format!r}; expected one of {', '.join(FORMATS)}")
    from reports.export.documents import write_csv, write_latex, write_markdown
    from reports.page import make_report, write_page

    write = {"html": write_page, "markdown": write_markdown, "latex": write_latex, "csv": write_csv}[format]
    return write(make_report(run, paper=format == "latex"), out or run)


def compare_reports(*runs: Path, out: Path | None = None, subjects: Mapping[str, str] | None = None) -> Path:
    """Writes `comparison.html` of two run directories or more into `out` (default: the last run); returns its path.

    Runs of several machines stand beside each other. Of one machine the last two are compared, and those before, oldest
    first, make the history longer. `subjects` gives the first line of a commit's message by its revision, for runs that
    did not record it. Raises `ReportError`.
    """
    from reports.two_runs.comparison import write_comparison

    return write_comparison(runs, out=out, subjects=subjects)
