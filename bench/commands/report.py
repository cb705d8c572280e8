"""The command `report`: the page of a run again, or of two runs compared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.errors import BenchError


def report(
    runs: Annotated[list[Path], typer.Argument(help="A run directory; two to compare.")],
    kind: Annotated[str, typer.Option("--format", help="html, markdown, latex or csv.")] = "html",
) -> None:
    """Make the report of a run anew, or one that compares two."""
    from bench.commands.run import show_results
    from reports import FORMATS, compare_reports, write_report
    from reports.page import make_report, write_page

    style = next((known for known in FORMATS if known == kind), None)
    if style is None:
        raise BenchError(f"unknown format {kind!r}; expected one of {', '.join(FORMATS)}")
    if len(runs) > 2:  # noqa: PLR2004 - a pair
        raise BenchError(f"report takes one run or two to compare, got {len(runs)}")
    if len(runs) == 1 and style == "html":
        made = make_report(runs[0])
        show_results(made, write_page(made, runs[0]))
        return
    page = write_report(runs[0], format=style) if len(runs) == 1 else compare_reports(*runs)
    print(f"report: {page}")
