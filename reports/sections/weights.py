"""Where the weights of the run's networks come from."""

from __future__ import annotations

from reports.draw.grid import records_grid
from reports.sections.section import Material, Section

COMMAND = "restobench weights"


def section(material: Material) -> Section:
    """Source, checksum and licence of each file of weights."""
    columns = ("name", "present", "licence", "source", "sha256")
    grids = (records_grid("weights", "Weights", material.run.listed("weights"), columns),)
    return Section("weights", "Weights", material.command, makes=COMMAND, grids=grids)
