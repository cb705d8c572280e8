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
    from reports import compare_reports, write_report

    if len(runs) > 2:  # noqa: PLR2004 - a pair
        raise BenchError(f"report takes one run or two to compare, got {len(runs)}")
    page = write_report(runs[0]) if len(runs) == 1 else compare_reports(*runs)
    print(f"report: {page}")
