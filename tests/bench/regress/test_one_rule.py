"""`compare` and the report of two runs cannot disagree: they read the same words, tolerances and rule."""

from __future__ import annotations

from bench.plan.spec import Tolerance
from bench.regress import exact, verdict
from reports.derive.verdict_words import Tolerances
from reports.two_runs import changes


def test_both_judge_by_the_same_objects() -> None:
    assert verdict.by_interval is changes.by_interval
    assert exact.of_quality is changes.of_quality
    assert exact.of_operations is changes.of_operations
    assert exact.of_memory is changes.of_memory
    assert verdict.Word is changes.Word


def test_a_spec_that_says_nothing_has_the_tolerances_of_a_run_that_holds_none() -> None:
    assert Tolerances(**Tolerance().model_dump()) == Tolerances()
