"""Wall time: one benchmark per case."""

from __future__ import annotations

from typing import Any

from bench.machine.clock import clock_for
from bench.machine.energy import counters_for
from bench.measure.timing import Recorder, timed
from bench.plan.case import Case


def test_time(benchmark: Any, case: Case, recorder: Recorder) -> None:
    """Build, first call, warm-up and calibrated rounds of one method on one size, then its joules."""
    counters = counters_for(case.device)
    recorder.record(case, lambda: timed(case, benchmark, clock_for(case.device), recorder.terms, counters))
