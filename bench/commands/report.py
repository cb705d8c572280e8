"""The command `report`: the page of a run again, of several runs compared, or of the stored history."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.commands.regress import HISTORY
from bench.errors import BenchError


def report(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(help="A run directory; several to compare; with --history, the history file."),
    ] = None,
    history: Annotated[bool, typer.Option("--history", help=f"Draw the stored history ({HISTORY}).")] = False,
) -> None:
    """Make the page of a run anew, one that compares several, or one of the history; `export` writes other formats."""
    given = runs or []
    if history:
        _show_history(given)
    elif not given:
        raise BenchError(
            "report takes a run directory, several to compare, or --history; see `restobench report --help`"
        )
    elif len(given) == 1:
        _show_run(given[0])
    else:
        from bench.record.manifest import subjects_of
        from reports import compare_reports

        print(f"report: {compare_reports(*given, subjects=subjects_of(given))}")


def _show_run(run: Path) -> None:
    from bench.commands.run import show_results
    from reports.page import make_report, write_page

    made = make_report(run)
    show_results(made, write_page(made, run))


def _show_history(given: list[Path]) -> None:
    """The page beside the history file."""
    from bench.commands.history_page import write_history

    if len(given) > 1:
        raise BenchError(f"report --history takes one history file, got {len(given)}")
    print(f"report: {write_history(given[0] if given else HISTORY)}")
