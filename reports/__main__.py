"""`python -m reports RUN`: the report without the rest of the package; works where torch is not installed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from reports import FORMATS, Format, ReportError, compare_reports, write_report
from reports.errors import FormatError


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the report, prints its path, and returns the exit status."""
    chosen = _parser().parse_args(arguments)
    try:
        path = _write(chosen.runs, chosen.format, chosen.out)
    except ReportError as error:
        sys.stderr.write(f"restobench report: {error}\n")
        return error.status
    sys.stdout.write(f"{path}\n".encode(errors="backslashreplace").decode())
    return 0


def _write(runs: Sequence[Path], form: Format, out: Path | None) -> Path:
    if len(runs) == 1:
        return write_report(runs[0], format=form, out=out)
    if form != "html":
        raise FormatError(f"a comparison is written as html, not {form}; give one run for {form}")
    return compare_reports(*runs, out=out)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reports", description="Writes the report of a run, or compares several."
    )
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="a run directory; several are compared")
    parser.add_argument("--format", choices=FORMATS, default="html", help="default: html")
    parser.add_argument("--out", type=Path, help="where to write; default: into the (last) run")
    return parser


if __name__ == "__main__":
    sys.exit(main())
