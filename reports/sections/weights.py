"""Where the weights of the run's networks come from."""

from __future__ import annotations

from reports.draw.grid import records_grid
from reports.draw.number_text import counted, listed
from reports.sections.section import Material, Section
from reports.sections.words import words

COMMAND = "restobench weights"


def section(material: Material) -> Section:
    """Source, checksum and licence of each file of weights."""
    columns = ("name", "present", "licence", "source", "sha256")
    records = material.run.listed("weights")
    absent = [str(record.get("name")) for record in records if not record.get("present")]
    files = counted(len(records), "file")
    found = words("weights.absent", files=files, absent=listed(absent)) if absent else words("weights.all", files=files)
    grids = (records_grid("weights", "Weights", records, columns),)
    return Section(
        "weights", "Weights", material.command, makes=COMMAND, findings=(found,) * bool(records), grids=grids
    )
