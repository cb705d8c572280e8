"""What the run and its report left out, in sentences."""

from __future__ import annotations

from reports.draw.number_text import counted
from reports.sections.section import Material, Section
from reports.sections.words import words


def section(material: Material) -> Section:
    """The run's own notices, and the report's."""
    said = material.run.about.get("notices")
    listed = [str(notice) for notice in said] if isinstance(said, list) else []
    text = (*listed, *material.notes)
    found = words("notices.some", notices=counted(len(text), "notice")) if text else words("notices.none")
    return Section("notices", "Notices", material.command, findings=(found,), text=text)
