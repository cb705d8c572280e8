"""The cases that failed, with their reasons, and what was left out."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from reports.derive.status import Problem
from reports.draw.columns import columns
from reports.draw.grid import grid
from reports.draw.number_text import counted, listed
from reports.read.tables import failed
from reports.sections.section import Material, Section
from reports.sections.status import remarks
from reports.sections.words import words

COLUMNS = columns("kind method variant image sigma_255 degradation height width error")


def section(material: Material) -> Section:
    """Every distinct error with its cases, each case that failed, and why others were not tried."""
    status, table = material.status, failed(material.run.rows)
    said = [remark.text for remark in remarks(status) if remark.anchor == "failed"]
    if not status.failed:
        said.insert(0, words("failures.none", cases=counted(status.cases, "case")))
    return Section(
        "failed",
        "Failed and skipped cases",
        material.command,
        findings=tuple(said),
        grids=(
            grid("errors", "Every distinct error", _reasons(status.errors), columns("error cases methods")),
            grid("failed", "Failed cases", table, COLUMNS),
            grid(
                "skipped",
                "Not tried",
                _reasons(status.skipped).rename(columns={"error": "reason"}),
                columns("reason cases methods"),
            ),
        ),
    )


def _reasons(problems: Iterable[Problem]) -> pd.DataFrame:
    lines = [(problem.reason, problem.cases, listed(problem.methods)) for problem in problems]
    return pd.DataFrame(lines, columns=["error", "cases", "methods"])
