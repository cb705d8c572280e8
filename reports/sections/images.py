"""The images that the run restored."""

from __future__ import annotations

from reports.draw.grid import records_grid
from reports.sections.section import Material, Section
from reports.sections.words import words

COMMAND = "restobench images"


def section(material: Material) -> Section:
    """Size and source of each image."""
    columns = ("name", "width", "height", "channels", "source", "note")
    grids = (records_grid("images", "Images", material.run.listed("images"), columns),)
    own = material.run.section("image_set")
    about = words("images.set", name=own.get("name"), sha256=own.get("sha256")) if own else ""
    return Section("images", "Images", material.command, makes=COMMAND, about=about, grids=grids)
