"""One word for each method and one status for the whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench.plan.case import Case
from bench.regress.checkouts import Checkout
from bench.regress.findings import Comparison, Finding, Interval, not_measured
from reports.derive.verdict_words import Word

BASE = Checkout("base", "HEAD~1", "a" * 40, Path("b"))


def comparison(*findings: Finding) -> Comparison:
    head = replace(BASE, side="head", revision="working tree", commit="b" * 40)
    return Comparison(BASE, head, "quick", findings, {"cpu": "x"}, "f" * 12, "2026-01-01T00:00:00Z", 9.0, 3)


def finding(metric: str, word: Word, method: str = "m") -> Finding:
    return Finding(Case("time", method), metric, word)  # type: ignore[arg-type]  # of the four metrics


@pytest.mark.parametrize(
    ("words", "verdict", "status"),
    [
        ({"seconds": Word.FASTER, "psnr_db": Word.WORSE}, Word.FASTER_BUT_WORSE, 1),
        ({"seconds": Word.SLOWER, "psnr_db": Word.BETTER, "macs_per_pixel": Word.SLOWER}, Word.SLOWER_BUT_BETTER, 1),
        ({"seconds": Word.UNCHANGED, "macs_per_pixel": Word.SLOWER}, Word.SLOWER, 1),
        ({"seconds": Word.FASTER, "macs_per_pixel": Word.SLOWER}, Word.FASTER, 1),
        ({"seconds": Word.FASTER, "peak_bytes": Word.WORSE}, Word.FASTER_BUT_WORSE, 1),
        ({"seconds": Word.NO_VERDICT, "psnr_db": Word.UNCHANGED}, Word.NO_VERDICT, 3),
        ({"seconds": Word.FASTER, "psnr_db": Word.UNCHANGED}, Word.FASTER, 0),
        ({"seconds": Word.UNCHANGED, "psnr_db": Word.UNCHANGED}, Word.UNCHANGED, 0),
        ({"seconds": Word.NOT_SLOWER, "psnr_db": Word.UNCHANGED}, Word.NOT_SLOWER, 0),
        ({"seconds": Word.UNCHANGED, "macs_per_pixel": Word.NOT_MEASURED}, Word.UNCHANGED, 0),
        ({"seconds": Word.NOT_SLOWER, "macs_per_pixel": Word.FASTER}, Word.FASTER, 0),
        ({"seconds": Word.SAME_CODE, "psnr_db": Word.SAME_CODE}, Word.SAME_CODE, 0),
        ({"macs_per_pixel": Word.NOT_MEASURED}, Word.NOT_MEASURED, 3),
    ],
)
def test_one_word_for_a_method_and_one_status_for_the_whole(words: dict[str, Word], verdict: Word, status: int) -> None:
    found = comparison(*(finding(metric, word) for metric, word in words.items()))
    assert list(found.verdicts.values()) == [verdict]
    assert found.word is verdict
    assert found.status == status


@pytest.mark.parametrize(
    ("metric", "change"),
    [("seconds", "+10.00 %"), ("peak_bytes", "+10.00 %"), ("psnr_db", "+0.1 dB"), ("macs_per_pixel", "+0.1 MAC/px")],
)
def test_a_change_is_shown_as_a_part_of_base_or_as_a_difference(metric: str, change: str) -> None:
    assert replace(finding(metric, Word.UNCHANGED), change=0.1).record()["change"] == change


def test_a_regression_outweighs_what_has_no_verdict_and_nothing_measured_is_no_pass() -> None:
    found = comparison(finding("seconds", Word.NO_VERDICT, "a"), finding("seconds", Word.SLOWER, "b"))
    assert found.status == 1
    assert found.word is Word.SLOWER
    assert comparison().status == 3


def test_the_word_of_the_whole_is_that_of_the_method_that_lost_most() -> None:
    slower = replace(finding("seconds", Word.SLOWER, "a"), change=0.04)
    worse = replace(finding("psnr_db", Word.WORSE, "b"), change=-0.02, interval=Interval(-0.3, 0.1))
    assert comparison(slower, worse).word is Word.WORSE
    assert comparison(replace(slower, change=3.0), worse).word is Word.SLOWER


def test_changes_of_all_metrics_are_put_in_order_by_what_is_usually_tolerated() -> None:
    sizes = {
        "seconds": replace(finding("seconds", Word.SLOWER), change=0.06).size,
        "psnr_db": replace(finding("psnr_db", Word.WORSE), change=-0.02).size,
        "peak_bytes": replace(finding("peak_bytes", Word.WORSE), change=0.1).size,
        "macs_per_pixel": replace(finding("macs_per_pixel", Word.SLOWER), base=50.0, head=53.0, change=3.0).size,
    }
    assert sizes == {metric: pytest.approx(2) for metric in sizes}
    assert finding("seconds", Word.NO_VERDICT).size == 0


def test_what_is_undecided_counts_as_the_spec_says_and_what_is_unsound_never_passes() -> None:
    unsure = replace(finding("seconds", Word.NO_VERDICT), at_most=0.041, reason="at most +4.1%; the tolerance is 3.0%")
    assert unsure.undecided
    assert comparison(unsure).status == 3
    assert replace(comparison(unsure), undecided="pass").status == 0
    disturbed = finding("seconds", Word.NO_VERDICT)
    assert not disturbed.undecided
    assert replace(comparison(unsure, disturbed), undecided="pass").status == 3
    assert replace(comparison(unsure, finding("psnr_db", Word.WORSE)), undecided="pass").status == 1


def test_what_is_not_measured_is_named_once() -> None:
    one = replace(finding("macs_per_pixel", Word.NOT_MEASURED), reason="why")
    other = replace(one, case=replace(one.case, height=8))
    assert not_measured([one, other, finding("seconds", Word.FASTER)]) == ["macs_per_pixel of m is not measured: why"]
