"""What a section of the page is made of, and what it is made from."""

from __future__ import annotations

from dataclasses import dataclass, field

from reports.derive.summary import Summary
from reports.draw.grid import Grid
from reports.draw.look import Chart
from reports.draw.pictures import Scene
from reports.draw.sheet import Ink
from reports.read.run import Run

STANDARD = "restobench run --spec standard"


@dataclass(frozen=True)
class Section:
    """One section; without blocks and text it only says which command would fill it."""

    anchor: str
    title: str
    command: str
    text: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    grids: tuple[Grid, ...] = ()
    scenes: tuple[Scene, ...] = ()
    findings: tuple[str, ...] = ()
    terms: tuple[tuple[str, str], ...] = ()
    after: tuple[str, ...] = ()
    """Text below the figures."""

    @property
    def empty(self) -> bool:
        """Whether the run holds nothing for it."""
        return not (self.text or self.after or self.charts or self.grids or self.scenes or self.terms)


@dataclass(frozen=True)
class Material:
    """What every section may use."""

    run: Run
    summary: Summary
    ink: Ink
    scenes: tuple[Scene, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def command(self) -> str:
        """The command that made the run."""
        found = self.run.about.get("command")
        return found if isinstance(found, str) and found else STANDARD
