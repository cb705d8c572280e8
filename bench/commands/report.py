"""The command `report`: the page of a run again, or of two runs compared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.errors import BenchError


def report(
    runs: Annotated[list[Path], typer.Argument(help="A run directory; two to compare.")],
) -> None:
    """Make the page of a run anew, or one that compares two; other formats are written by `export`."""
    from bench.commands.run import show_results
    from reports import compare_reports
    from reports.page import make_report, write_page

    if len(runs) > 2:  # noqa: PLR2004 - a pair
        raise BenchError(f"report takes one run or two to compare, got {len(runs)}")
    if len(runs) == 1:
        made = make_report(runs[0])
        show_results(made, write_page(made, runs[0]))
        return
    page = compare_reports(*runs)
    print(f"report: {page}")
