"""The gate tests itself: plants changes of known size into a copy of this project and counts how often each is found.

`python -m bench.selftest.gate` runs the trials, appends them to a record, and writes the table of all of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.selftest.disguises import said_of_hidden
from bench.selftest.gate_table import records, said_of, write_table
from bench.selftest.trials import Trial, gate_check
from bench.talk import ending_in_one_line, say


def main(  # noqa: PLR0917 - typer reads the options from the signature
    spec: Annotated[str, typer.Option(help="What is compared.")] = "gate",
    empty: Annotated[int, typer.Option(help="Comparisons with nothing planted.")] = 10,
    planted: Annotated[int, typer.Option(help="Comparisons with plants.")] = 10,
    busy: Annotated[int, typer.Option(help="Comparisons with nothing planted and one core busy.")] = 20,
    methods: Annotated[str, typer.Option(help="Only these, in the busy ones, by commas.")] = "bicubic,lanczos,tv",
    record: Annotated[Path, typer.Option(help="Where trials are appended.")] = Path("docs/gate.jsonl"),
    page: Annotated[Path, typer.Option(help="The page with the table.")] = Path("docs/regression.md"),
) -> None:
    """Plants changes into a copy, counts what is found, and writes the table of all recorded trials into the page."""
    folder = Path.cwd()
    turns = [number % 2 == 1 for number in range(2 * min(empty, planted))]  # in turn: both in the same hour
    turns += [planted > empty] * abs(planted - empty)
    before = sum(bool(trial.planted) for trial in Trial.read(record))
    for trial in gate_check(folder, spec, planted=turns, peer=True, before=before):
        trial.append_to(record)
    few = tuple(name for name in methods.split(",") if name)
    for trial in gate_check(folder, spec, planted=[False] * busy, busy=True, methods=few):
        trial.append_to(record)
    trials = Trial.read(record)
    say(hidden := said_of_hidden())
    write_table(records(trials), page, said=f"{said_of(trials)} {hidden}")


if __name__ == "__main__":
    with ending_in_one_line():
        typer.run(main)
