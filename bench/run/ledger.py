"""Where the rows of finished cases go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bench.interrupts import held_back
from bench.measure.image_set import ImageSet
from bench.plan.case import Case
from bench.record.attempt import END, MEASURED
from bench.record.case_hash import case_hash
from bench.record.rows import Row, RowFile
from bench.talk import Progress


@dataclass
class Ledger:
    """Takes the rows of finished cases: to the file, to the progress bar, to the sum of measured seconds.

    The last row of a case is noted with the hash that the finished case is known by.
    """

    file: RowFile
    progress: Progress
    images: ImageSet
    done: int
    total: int
    interrupted: Callable[[], None] = lambda: None
    """Raises `KeyboardInterrupt` where the user has asked for an end."""
    measured: float = 0.0
    shared_by: int = 1
    """How many processes measure at once: so much less time passes than they measure together."""
    forecast: Mapping[Case, float] = field(default_factory=dict)
    """By how many seconds each case was likely to lengthen the run."""
    _whole: float = field(init=False)
    _spent: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._whole = sum(self.forecast.values())

    def keep(self, rows: Sequence[Row]) -> None:
        """Writes `rows`; a case counts as done by its last row."""
        with held_back():
            self.file.append([self._ended(row) if row.reading.quantity == END else row for row in rows])
            ended = [row.case for row in rows if row.reading.quantity == END]
            self.done += len(ended)
            self._spent += sum(self.forecast.get(case, 0.0) for case in ended)
            measured = (row.reading.value or 0.0 for row in rows if row.reading.quantity == MEASURED)
            self.measured += sum(measured) / self.shared_by
        if rows:
            self.progress(f"{rows[-1].case.kind} {rows[-1].case.method}", self.done, self.total, self._share())
        self.interrupted()

    def _share(self) -> float | None:
        """How much of the work of this run is done, as far as cases were forecast."""
        return self._spent / self._whole if self._whole else None

    def _ended(self, row: Row) -> Row:
        return replace(row, reading=replace(row.reading, note=case_hash(row.case, self.images.paths(row.case.image))))
