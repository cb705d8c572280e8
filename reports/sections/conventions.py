"""The conventions that every report states: how each number was made."""

from __future__ import annotations

from reports.sections.section import Material, Section
from reports.sections.words import sentences


def section(_: Material) -> Section:
    """How every number was made."""
    return Section("conventions", "Conventions", "", terms=terms())


def terms() -> tuple[tuple[str, str], ...]:
    """Each convention's name and meaning."""
    return tuple(sentences()["conventions"].items())
