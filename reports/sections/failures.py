"""The cases that failed, with their reasons."""

from __future__ import annotations

from reports.draw.grid import grid, number_cell, text_cell
from reports.read.tables import failed
from reports.sections.section import Material, Section
from reports.sections.words import words

COLUMNS = {
    **{name: (name, text_cell) for name in ("kind", "method", "variant", "image")},
    "sigma_255": ("sigma 255", number_cell("g")),
    "degradation": ("degradation", text_cell),
    "height": ("height", number_cell("g")),
    "width": ("width", number_cell("g")),
    "error": ("error", text_cell),
}


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
