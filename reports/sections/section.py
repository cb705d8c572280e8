"""What a section of the page is made of, and what it is made from."""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field

from reports.derive.status import NOTHING, Status
from reports.derive.summary import Summary
from reports.draw.grid import Grid
from reports.draw.look import Chart
from reports.draw.pictures import Panel
from reports.draw.sheet import Ink
from reports.read.run import Run
from reports.sections.chooser import Chooser
from reports.sections.leaderboard import Board

STANDARD = "restobench run --spec standard"


@dataclass(frozen=True)
class Section:
    """One section; where the run has nothing for it, the page only says which command makes it.

    Tables without a line are dropped, and what is said about figures and tables is said only where there are any.
    """

    anchor: str
    title: str
    command: str
    """Repeats what the section shows; empty where none does."""
    makes: str = STANDARD
    """Fills the section where the run has nothing for it."""
    about: InitVar[str] = ""
    """What its figures and tables show: the first of its text."""
    text: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    grids: tuple[Grid, ...] = ()
    chooser: Chooser | None = None
    boards: tuple[Board, ...] = ()
    panels: tuple[Panel, ...] = ()
    findings: tuple[str, ...] = ()
    """What its data show: it stands before all else."""
    terms: tuple[tuple[str, str], ...] = ()
    after: tuple[str, ...] = ()
    """Text below the figures."""

    def __post_init__(self, about: str) -> None:
        grids = tuple(grid for grid in self.grids if grid.lines)
        object.__setattr__(self, "grids", grids)
        if about and (self.charts or grids):
            object.__setattr__(self, "text", (about, *self.text))

    @property
    def empty(self) -> bool:
        """Whether the run holds nothing for it."""
        return not (self.findings or self.text or self.after or self.charts or self.grids or self.panels or self.terms)


@dataclass(frozen=True)
class Material:
    """What every section may use."""

    run: Run
    summary: Summary
    ink: Ink
    panels: tuple[Panel, ...] = ()
    notes: tuple[str, ...] = field(default=())
    status: Status = NOTHING

    @property
    def command(self) -> str:
        """The command that made the run; empty where it was not recorded."""
        found = self.run.about.get("command")
        return found if isinstance(found, str) else ""
