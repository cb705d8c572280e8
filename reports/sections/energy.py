"""What each timed case used of energy, or why the machine does not tell."""

from __future__ import annotations

import pandas as pd

from reports.derive.energies import per_megapixel
from reports.draw.columns import columns
from reports.draw.grid import grid
from reports.draw.number_text import counted
from reports.sections.section import Material, Section
from reports.sections.words import words

COLUMNS = columns("label scale channels width height counter joules_per_megapixel joules note threads batch device")


def section(material: Material) -> Section:
    """Joules per megapixel, by counter."""
    table = material.summary.named["energy"]
    used = per_megapixel(table)
    return Section(
        "energy",
        "Energy",
        material.command,
        about=words("energy.about"),
        text=lacking(table),
        grids=(grid("energy", "Energy of one call", used, COLUMNS),),
    )


def lacking(table: pd.DataFrame) -> tuple[str, ...]:
    """Why some of the timed cases have no energy; each reason once, with how many cases it is of."""
    without = table[~(table["joules"] > 0)]
    counts = without["note"].astype(str).value_counts(sort=False)
    return tuple(
        words("energy.lacking", cases=counted(int(count), "case"), reason=reason) for reason, count in counts.items()
    )
