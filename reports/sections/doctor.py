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
    said = {"unfit": words("doctor.unfit"), "unknown": words("doctor.unknown"), "fit": words("doctor.fit")}
    return Section(
        "doctor",
        "Is the machine fit to time on?",
        material.command,
        makes=COMMAND,
        findings=tuple(sentence for verdict, sentence in said.items() if verdict in verdicts)[:1],
        grids=(records_grid("doctor", "Findings about the machine", found, columns),),
    )
