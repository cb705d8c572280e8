"""How a run went: what failed and why, what was left out, what the machine was unfit for, which images are unequal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from reports.derive.comparison import Comparison
from reports.read.run import Run
from reports.read.tables import SETTINGS, cases_of


@dataclass(frozen=True)
class Problem:
    """One reason, of which cases and methods."""

    reason: str
    cases: int
    methods: tuple[str, ...]


@dataclass(frozen=True)
class Status:
    """What has to be known of a run before its figures are believed."""

    cases: int
    """Cases that were measured or failed; a skipped one is neither."""
    failed: int
    """Cases with at least one row with an error."""
    errors: tuple[Problem, ...] = ()
    """Every distinct error, the most frequent first."""
    skipped: tuple[Problem, ...] = ()
    """Every distinct reason for which cases were not tried."""
    overwritten: tuple[str, ...] = ()
    """Methods that wrote into their input."""
    meddled: tuple[str, ...] = ()
    """Methods that changed settings of the process, each with which."""
    refused: tuple[str, ...] = ()
    """Why a latency is no result: its method's quality is below the floor, or not known."""
    unfit: tuple[str, ...] = ()
    """What the machine was unfit for: the symptoms with that verdict, each with what was seen."""
    looked_at: int = 0
    """Symptoms that were looked for before times were taken."""
    scored: int = 0
    """Labels that are compared by their scores."""
    unequal: tuple[str, ...] = ()
    """Methods that were scored on other images than the main comparison's."""
    problems: tuple[str, ...] = ()
    """What is missing, broken or unfinished in the run's files."""

    @property
    def well(self) -> bool:
        """Whether there is nothing to warn of."""
        said = (self.failed, self.skipped, self.overwritten, self.meddled, self.refused, self.unfit, self.unequal)
        return not (any(said) or self.problems)


NOTHING = Status(0, 0)
"""The status of what measured nothing."""


def status_of(run: Run, comparison: Comparison) -> Status:
    """The status of a run whose comparison was made."""
    cases = cases_of(run.rows)
    of_case = cases.groupby("case", sort=False)
    failed, skipped = of_case["failed"].any(), of_case["skipped"].all()
    parts = cases["kind"] == "experiment"  # of which some may be skipped while others are measured
    doctor = run.listed("doctor")
    lines = comparison.lines
    unequal = lines[lines["compared"].astype(bool)].groupby("label", sort=False)["board"].min()
    return Status(
        cases=int((~skipped).sum()),
        failed=int(failed.sum()),
        errors=_problems(cases[cases["failed"]], "error"),
        skipped=_problems(cases[cases["skipped"] & (cases["case"].map(skipped).astype(bool) | parts)], "note"),
        overwritten=tuple(dict.fromkeys(cases.loc[cases["overwritten"], "method"].astype(str))),
        meddled=tuple(f"{name} ({notes})" for name, notes in _meddled(cases)),
        unfit=tuple(f"{one.get('finding')} ({one.get('value')})" for one in doctor if one.get("verdict") == "unfit"),
        looked_at=len(doctor),
        scored=len(unequal),
        unequal=tuple(str(label) for label in unequal[unequal > 0].index),
        problems=run.problems,
    )


def _meddled(cases: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Each method that changed settings, and which in all its cases."""
    rows = cases[cases["quantity"] == SETTINGS].astype({"method": object, "note": object})
    for name, notes in rows.groupby("method", sort=False)["note"]:
        yield str(name), ", ".join(dict.fromkeys(part for note in notes for part in str(note).split(", ")))


def _problems(rows: pd.DataFrame, reason: str) -> tuple[Problem, ...]:
    """The distinct texts in the column `reason`, each with its cases and methods."""
    texts = rows.astype({reason: object, "method": object}).drop_duplicates(["case", reason])
    found = [
        Problem(str(text), len(own), tuple(dict.fromkeys(own["method"].astype(str))))
        for text, own in texts.groupby(reason, sort=False)
    ]
    return tuple(sorted(found, key=lambda problem: -problem.cases))
