"""The cases that failed, with their reasons."""

from __future__ import annotations

from reports.draw.columns import columns
from reports.draw.grid import grid
from reports.read.tables import failed
from reports.sections.section import Material, Section
from reports.sections.words import words

COLUMNS = columns("kind method variant image sigma_255 degradation height width error", sigma_255=("sigma 255", "g"))


def section(material: Material) -> Section:
    """Failed cases with their reasons."""
    table = failed(material.run.rows)
    cases = "1 case" if len(table) == 1 else f"{len(table)} cases"
    return Section(
        "failed",
        "Failed cases",
        f"{material.command} --resume",
        text=(words("failures.some", cases=cases) if len(table) else words("failures.none"),),
        grids=(grid("failed", "Failed cases", table, COLUMNS),),
    )
