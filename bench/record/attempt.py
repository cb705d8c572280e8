"""A case that fails becomes a row with an error, and the run goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from bench.errors import RowsError, one_line
from bench.machine.clock import clock_for
from bench.machine.settings import put_back
from bench.plan.case import Case, FailedReading, Reading
from bench.record.rows import Row

END = "elapsed_seconds"
"""The quantity of the last row of every case: how long the case took in all. Where it stands, the case is whole."""

MEASURED = "measured_seconds"
"""The quantity of a row whose seconds count as measured; the rest of a run is the suite's own cost."""

SKIPPED = "skipped"
"""The quantity of the row of a case that cannot run here for want of weights or an optional package."""

SETTINGS = "settings_changed"
"""The quantity of a row whose note names settings of the process that a method changed; they were put back."""


def attempt(run: str, case: Case, read: Callable[[], Iterable[Reading | FailedReading]]) -> list[Row]:
    """The rows of one case, whatever happens: its readings, or one row with the error; then the time it took.

    A failed reading is a row with an error beside those of the other readings. Settings that the whole process shares
    are put back, and a row names those that were changed.

    Raises `RowsError` alone: a result that could not be written is no result.
    """
    clock = clock_for("cpu")
    begin = clock()
    with put_back() as changed:
        try:
            rows = [_row(run, case, reading) for reading in read()]
        except RowsError:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - any method may fail in any way; the failure is written down
            rows = [_failure(run, case, error)]
    rows += [Row(run, case, reading) for reading in settings_changed(changed)]
    return [*rows, Row(run, case, Reading(END, clock() - begin, "s"))]


def settings_changed(names: Sequence[str]) -> tuple[Reading, ...]:
    """The reading that names what was changed, if anything was."""
    return (Reading(SETTINGS, 1.0, note=", ".join(names)),) if names else ()


def failed(run: str, cases: Iterable[Case], error: Exception) -> list[Row]:
    """The rows of cases that could not even begin, all for the same reason."""
    return [row for case in cases for row in (_failure(run, case, error), Row(run, case, Reading(END, 0.0, "s")))]


def left_out(run: str, case: Case, reason: str) -> Row:
    """The row of a case that is skipped; none ends the case, so that a resumed run tries it again."""
    return Row(run, case, Reading(SKIPPED, None, note=reason))


def _row(run: str, case: Case, reading: Reading | FailedReading) -> Row:
    if isinstance(reading, Reading):
        return Row(run, case, reading)
    return Row(run, case, Reading(reading.quantity, None, reading.unit), error=reading.error)


def _failure(run: str, case: Case, error: BaseException) -> Row:
    return Row(run, case, Reading("failure", None), error=one_line(error))
