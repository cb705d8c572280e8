"""A case says which of several it is."""

from __future__ import annotations

from dataclasses import replace

from bench.measure.timing import parameter
from bench.plan.case import Case
from bench.regress.findings import Finding
from reports.derive.verdict_words import Word

ONE = Case("time", "dct", task="denoise", height=64, width=48)
FOUR = replace(ONE, batch=4)


def test_its_size_names_the_batch() -> None:
    assert (Case("quality", "dct").size, ONE.size, FOUR.size) == ("", "64x48", "64x48 batch 4")


def test_findings_of_two_batches_have_names_of_their_own() -> None:
    one, four = (Finding(case, "seconds", Word.UNCHANGED) for case in (ONE, FOUR))
    assert one.place.replace("64x48", "64x48 batch 4") == four.place
    assert four.measured == "seconds 64x48 batch 4"


def test_pytest_benchmark_does_not_compare_one_batch_with_another() -> None:
    groups = [parameter(case, 0.1).marks[0].kwargs["group"] for case in (ONE, FOUR)]
    assert groups == ["64x48", "64x48 batch 4"]
