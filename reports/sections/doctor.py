"""Whether the machine was fit to time on: the findings of `restobench doctor` when the run started."""

from __future__ import annotations

from reports.draw.grid import records_grid
from reports.sections.section import Material, Section
from reports.sections.words import words

COMMAND = "restobench doctor"


def section(material: Material) -> Section:
    """The worst verdict in a sentence, and every finding."""
    found = material.run.listed("doctor")
    verdicts = {record.get("verdict") for record in found}
    columns = ("finding", "value", "verdict", "advice")
    text = (
        (words("doctor.unfit"),)
        if "unfit" in verdicts
        else (words("doctor.unknown"),)
        if "unknown" in verdicts
        else (words("doctor.fit"),)
        if "fit" in verdicts
        else ()
    )
    return Section(
        "doctor",
        "Is the machine fit to time on?",
        COMMAND,
        makes=COMMAND,
        text=text,
        grids=(records_grid("doctor", "Findings about the machine", found, columns),),
    )
