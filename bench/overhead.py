"""What a sweep costs beside its cells: `python -m bench.overhead --cells 100000` runs so many that do next to nothing.

Counted in processor seconds, of the process that hands out and writes, and of the workers beside what their cells
took; so a busy machine does not change the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
from dataclasses import replace
from pathlib import Path

from bench.case import Case, Reading
from bench.cell import cell
from bench.clock import clock_for
from bench.rows import Row, RowFile
from bench.run import Ledger
from bench.scene import ImageSet
from bench.scheduler import Scheduler
from bench.sweep import sweep

_CELLS_PER_IMAGE = 50
"""As many as see the same degraded image in the shipped specs."""

_CELLS_TOGETHER = 1_000
"""Finished cells that are written at once; a sweep writes four times a second, however many there are."""


def synthetic(count: int) -> list[Case]:
    """That many different cells on one bundled image, `_CELLS_PER_IMAGE` for each seed of its noise."""
    case = Case("quality", "noisy", task="denoise", image="clock_motion", sigma_255=25.0, degradation="awgn")
    return [
        replace(case, seed=number // _CELLS_PER_IMAGE, variant=f"cell={number % _CELLS_PER_IMAGE}")
        for number in range(count)
    ]


def finishing(count: int) -> float:
    """Processor seconds to hash, write and account for `count` finished cells, as the writing process does."""
    cases = synthetic(count)
    images = ImageSet()
    begin = _spent(resource.RUSAGE_SELF)
    with tempfile.TemporaryDirectory() as folder, RowFile(Path(folder)) as file:
        ledger = Ledger(file, lambda *_: None, images, 0, count)
        for first in range(0, count, _CELLS_TOGETHER):
            rows = [
                Row("r", case, Reading(quantity, 0.5, "s"))
                for case in cases[first : first + _CELLS_TOGETHER]
                for quantity in (
                    "psnr_db",
                    "ssim",
                    "residual_std_255",
                    "mean_offset_255",
                    "measured_seconds",
                    "elapsed_seconds",
                )
            ]
            ledger.keep(rows)
    return _spent(resource.RUSAGE_SELF) - begin


def handing(count: int, *, scheduler: Scheduler, jobs: int) -> dict[str, float]:
    """Processor seconds per cell of a whole sweep: of this process, of the workers, and what their cells took."""
    cases = synthetic(count)
    clock = clock_for("cpu")
    begin, own = clock(), _spent(resource.RUSAGE_SELF)
    took = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for rows in sweep("r", cases, ImageSet(), Path(folder), pictured=frozenset(), jobs=jobs, scheduler=scheduler):
            took += sum(row.reading.value or 0.0 for row in rows if row.reading.quantity == "elapsed_seconds")
    return {
        "own_seconds": (_spent(resource.RUSAGE_SELF) - own) / count,
        "cells_seconds": took / count,
        "wall_seconds": (clock() - begin) / count,
    }


def _spent(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Prints the figures as JSON, in milliseconds per cell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--handed", type=int, default=5_000, help="how many of them are computed, too")
    parser.add_argument("--scheduler", default="local")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    chosen = parser.parse_args()
    cell(synthetic(1)[0], ImageSet())  # code, image and weights are hashed once
    found = {"cells": float(chosen.cells), "finishing_ms": 1e3 * finishing(chosen.cells) / chosen.cells}
    handed = handing(chosen.handed, scheduler=Scheduler.parse(chosen.scheduler), jobs=chosen.jobs)
    found |= {f"{name.removesuffix('_seconds')}_ms": 1e3 * value for name, value in handed.items()}
    print(json.dumps(found))  # noqa: T201 - a program of its own


if __name__ == "__main__":
    main()
