"""The one line that says what a comparison comes to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench.plan.case import Case
from bench.regress.checkouts import Checkout
from bench.regress.findings import Comparison, Finding, Interval
from bench.regress.headline import headline, worth_reading
from reports.derive.verdict_words import Word

BASE = Checkout("base", "HEAD~1", "a" * 40, Path("b"))
SLOWER = Finding(Case("time", "m"), "seconds", Word.SLOWER, 1.0, 1.1, 0.1, Interval(0.08, 0.12), at_most=0.12)
WORSE = Finding(Case("quality", "n", variant="a=1", sigma_255=25), "psnr_db", Word.WORSE, 30.0, 28.0, -2.0)
FASTER = replace(SLOWER, word=Word.FASTER, change=-0.3, interval=None)
STEADY = replace(SLOWER, word=Word.UNCHANGED, change=0.004, interval=Interval(-0.01, 0.02))
LITTLE = "+0.40 % (-1.00 % .. +2.00 %)"
UNDECIDED = replace(STEADY, word=Word.NO_VERDICT, at_most=0.04, reason="at most +4.0%; the tolerance is 3.0%")
BROKEN = Finding(Case("cost", "m"), "macs_per_pixel", Word.NO_VERDICT, reason="failed in head: a\nb " + "long " * 99)
SAME = Finding(Case("time", "m"), "seconds", Word.SAME_CODE)
UNSEEN = Finding(Case("cost", "m"), "macs_per_pixel", Word.NOT_MEASURED, reason="no counter counts either revision")


def comparison(*findings: Finding) -> Comparison:
    head = replace(BASE, side="head", revision="working tree")
    return Comparison(BASE, head, "quick", findings, {}, "f" * 12, "2026-01-01T00:00:00Z", 9.0, 3)


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        ([STEADY, SLOWER], "slower: m, seconds: +10.00 % (+8.00 % .. +12.00 %); exit status 1: it does not pass"),
        (
            [SLOWER, FASTER, WORSE, UNDECIDED],
            "worse: n a=1, psnr_db sigma 25: -2 dB, and 1 more; exit status 1: it does not pass",
        ),
        (
            [UNDECIDED, replace(UNDECIDED, at_most=0.05, reason="+5%"), FASTER],
            f"no verdict: m, seconds: {LITTLE}, +5%, and 1 more; exit status 3: without a verdict it does not pass",
        ),
        ([FASTER, UNSEEN], "faster: m, seconds: -30.00 %; exit status 0: it passes"),
        (
            [STEADY, replace(STEADY, change=0.001)],
            f"unchanged: the most that anything changed is m, seconds: {LITTLE}; exit status 0: it passes",
        ),
        ([SAME], "unchanged (same code): nothing that differs matters to a method; exit status 0: it passes"),
        ([UNSEEN], "not measured: nothing could be measured; exit status 3: without a verdict it does not pass"),
        ([], "not measured: nothing could be measured; exit status 3: without a verdict it does not pass"),
    ],
)
def test_one_line_has_the_word_what_decides_and_what_the_status_means(findings: list[Finding], said: str) -> None:
    assert headline(comparison(*findings)) == said


def test_a_word_that_is_not_that_of_the_whole_is_said() -> None:
    counted = Finding(Case("cost", "m"), "macs_per_pixel", Word.SLOWER, 9.0, 10.0, 1.0)
    said = "faster: m, macs_per_pixel is slower: +1 MAC/px; exit status 1: it does not pass"
    assert headline(comparison(FASTER, counted)) == said


def test_what_a_spec_lets_pass_and_what_was_interrupted_is_said() -> None:
    assert "status 0: it passes, as the spec lets" in headline(replace(comparison(UNDECIDED), undecided="pass"))
    assert headline(replace(comparison(STEADY), interrupted=True)).endswith(
        "exit status 3: it was interrupted, and this is what it had found"
    )


def test_a_long_reason_of_several_lines_is_one_short_line() -> None:
    said = headline(comparison(BROKEN))
    assert said.startswith("no verdict: m, macs_per_pixel: failed in head: a b long")
    assert "\n" not in said
    assert len(said) < 280


def test_what_weighs_most_is_read_first_and_what_did_not_change_is_left_out() -> None:
    small = replace(SLOWER, change=0.05, at_most=0.9)
    found = [STEADY, SAME, FASTER, UNDECIDED, BROKEN, small, UNSEEN, SLOWER]
    assert worth_reading(comparison(*found)) == [SLOWER, small, BROKEN, UNDECIDED, FASTER]
