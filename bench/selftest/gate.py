"""The gate tests itself: plants changes of known size into a copy of this project and counts how often each is found.

`python -m bench.selftest.gate` runs the trials, appends them to a record, and writes the table of all of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from bench.errors import BenchError
from bench.machine.clock import clock_for
from bench.selftest.disguises import said_of_hidden
from bench.selftest.gate_table import records, said_of, write_table
from bench.selftest.trials import Kind, Trial, gate_check
from bench.talk import ending_in_one_line, say


def main(  # noqa: PLR0917 - typer reads the options from the signature
    spec: Annotated[str, typer.Option(help="What is compared.")] = "gate",
    empty: Annotated[int, typer.Option(min=0, help="Comparisons with nothing planted.")] = 10,
    planted: Annotated[int, typer.Option(min=0, help="Comparisons with plants.")] = 10,
    busy: Annotated[int, typer.Option(min=0, help="Comparisons with nothing planted and one core busy.")] = 5,
    detect: Annotated[int, typer.Option(min=0, help="Comparisons of one method slowed by 1 %, to be detected.")] = 2,
    hours: Annotated[float, typer.Option(min=0, help="If given, all of these again and again for so long.")] = 0.0,
    peer: Annotated[bool, typer.Option("--peer", help="Have pytest-benchmark compare two runs, too.")] = False,  # noqa: FBT002 - a flag
    record: Annotated[Path, typer.Option(help="Where trials are appended.")] = Path("docs/gate.jsonl"),
    page: Annotated[Path, typer.Option(help="The page with the table.")] = Path("docs/regression.md"),
) -> None:
    """Plants changes into a copy, counts what is found, and writes the table of all recorded trials into the page."""
    counts: dict[Kind, int] = {"empty": empty, "planted": planted, "busy": busy, "detect": detect}
    if not any(counts.values()):
        raise BenchError("--empty, --planted, --busy and --detect are all 0: nothing to try")
    clock = clock_for("cpu")
    until = clock() + 3600 * hours
    kinds = in_turn(counts)
    if hours:
        kinds = itertools.takewhile(lambda _: clock() < until, itertools.cycle(list(kinds)))
    before = sum(trial.kind in {"planted", "detect"} for trial in Trial.read(record))
    for trial in gate_check(Path.cwd(), spec, kinds, peer=peer, before=before):
        trial.append_to(record)
    trials = Trial.read(record)
    say(hidden := said_of_hidden())
    write_table(records(trials), page, said=f"{said_of(trials)} {hidden}")


def in_turn(counts: Mapping[Kind, int]) -> Iterable[Kind]:
    """So many of each kind, spread evenly: all of them in the same hours."""
    spread = [((place + 0.5) / count, kind) for kind, count in counts.items() for place in range(count)]
    return [kind for _, kind in sorted(spread, key=lambda item: item[0])]


if __name__ == "__main__":
    with ending_in_one_line():
        typer.run(main)
