"""The images that the run restored."""

from __future__ import annotations

from reports.draw.grid import records_grid
from reports.sections.section import Material, Section

COMMAND = "restobench images"


def section(material: Material) -> Section:
    """Size and source of each image."""
    columns = ("name", "width", "height", "channels", "source", "note")
    grids = (records_grid("images", "Images", material.run.listed("images"), columns),)
    return Section("images", "Images", material.command, makes=COMMAND, grids=grids)
