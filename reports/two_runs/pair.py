"""Two runs, read and summed up, with the tolerances that judge them and the noise that the runs show themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
import pandas as pd

from reports.derive.intervals import LEVEL
from reports.derive.speeds import measured_calls
from reports.derive.summary import Summary, summarise
from reports.derive.verdict_words import Tolerances
from reports.read.methods import number_of
from reports.read.run import Run, load_run
from reports.read.tables import all_tables
from reports.two_runs.places import Subjects, run_title

TIMED = ["label", "task", "channels", "scale", "device", "dtype", "threads", "height", "width", "batch"]
"""What makes two timed cases the same."""


@dataclass(frozen=True)
class Pair:
    """Both runs, read and summed up."""

    base: Run
    head: Run
    before: Summary
    after: Summary
    floor: float
    """How much two halves of one and the same run differ in time, as a factor - 1 that 95 % of its cases keep."""
    tolerances: Tolerances
    titles: tuple[str, str] = ("base", "head")
    """Both revisions by commit and subject."""
    subjects: Subjects = field(default_factory=dict)

    @property
    def same_machine(self) -> bool:
        """Whether both runs state the same fingerprint."""
        stated = self.base.about.get("fingerprint")
        return bool(stated) and stated == self.head.about.get("fingerprint")


def read_pair(base: Path, head: Path) -> Pair:
    """Both runs; raises what `load_run` raises."""
    return pair_of(load_run(base), load_run(head))


def pair_of(base: Run, head: Run, subjects: Subjects | None = None) -> Pair:
    """Both runs, judged by the tolerances of the head's spec."""
    runs, titles = (base, head), [run_title(run, subjects or {}) for run in (base, head)]
    if titles[0] == titles[1]:
        titles = [f"{title}, run {run.name}" for title, run in zip(titles, runs, strict=True)]
    before, after = (summarise(all_tables(run), run.methods, run.metrics) for run in runs)
    floor = max(aa_floor(before.named["time"]), aa_floor(after.named["time"]))
    return Pair(*runs, before, after, floor, tolerances_of(head), (titles[0], titles[1]), subjects or {})


def tolerances_of(run: Run) -> Tolerances:
    """Those of the run's spec; one that is missing or broken is the default."""
    stated = run.section("spec").get("tolerance")
    if not isinstance(stated, dict):
        return Tolerances()
    numbers = {one.name: number_of(stated.get(one.name)) for one in fields(Tolerances)}
    return Tolerances(**{name: number for name, number in numbers.items() if 0 <= number < math.inf})


def aa_floor(time: pd.DataFrame) -> float:
    """What 95 % of a run's cases keep: how much the medians of odd and even samples differ, as a factor - 1."""
    measured = measured_calls(time)
    halves = measured.assign(half=measured["repeat"] % 2).pivot_table(
        index=TIMED, columns="half", values="seconds", aggfunc="median", observed=True
    )
    if halves.shape[1] < 2 or halves.empty:  # noqa: PLR2004 - two halves
        return 0.0
    return float(np.expm1(np.nanquantile(np.abs(np.log(halves[0.0] / halves[1.0])), LEVEL)))
