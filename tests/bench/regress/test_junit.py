"""What continuous integration reads of a comparison has the colour of its exit status."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import pytest

from bench.plan.case import Case
from bench.regress.checkouts import Checkout
from bench.regress.findings import Comparison, Finding
from bench.regress.junit import to_junit
from reports.derive.verdict_words import Word

SIDE = Checkout("head", "working tree", "b" * 40, Path(), '1a2b3c4 (<b> & "quotes" ]]> \x1b \udcff \ufffe é)')


def parsed(*words: Word, reason: str = "", **changed: object) -> Element:
    """The document about one finding of each word, read back."""
    findings = [
        Finding(Case("time", f"m{place}"), "seconds", word, change=0.1, reason=reason)
        for place, word in enumerate(words)
    ]
    found = Comparison(SIDE, SIDE, "quick", tuple(findings), {}, "f", "2026-01-01T00:00:00Z", 9.0, 3)
    text = to_junit(replace(found, **changed))  # type: ignore[arg-type]  # of several kinds
    return fromstring(text.encode())  # noqa: S314 - our own


def outcomes(whole: Element) -> list[str]:
    return [one.tag if (one := next(iter(case), None)) is not None else "passed" for case in whole.iter("testcase")]


def test_each_word_is_one_outcome_and_they_are_counted() -> None:
    whole = parsed(Word.SLOWER, Word.NO_VERDICT, Word.NOT_MEASURED, Word.SAME_CODE, Word.FASTER, reason="why")
    assert outcomes(whole) == ["failure", "error", "skipped", "passed", "passed"]
    suite = whole[0]
    for counted in (whole, suite):
        numbers = {name: counted.get(name) for name in ("tests", "failures", "errors", "skipped", "time")}
        assert numbers == {"tests": "5", "failures": "1", "errors": "1", "skipped": "1", "time": "9.000"}
    failure = whole.find(".//failure")
    assert failure is not None
    assert failure.attrib == {"type": "slower", "message": "m0, seconds is slower: +10.00 %"}
    assert suite.get("timestamp") == "2026-01-01T00:00:00"


def test_what_a_spec_lets_pass_is_skipped() -> None:
    unsure = Finding(Case("time", "m"), "seconds", Word.NO_VERDICT, at_most=0.04, reason="at most +4%")
    assert outcomes(parsed(findings=(unsure,))) == ["error"]
    disturbed = replace(unsure, at_most=None)
    assert outcomes(parsed(findings=(unsure, disturbed), undecided="pass")) == ["skipped", "error"]


@pytest.mark.parametrize("words", [(), (Word.NOT_MEASURED,), (Word.UNCHANGED,)])
def test_what_does_not_pass_is_red_even_where_no_case_says_so(words: tuple[Word, ...]) -> None:
    whole = parsed(*words, interrupted=True)
    assert outcomes(whole)[-1] == "error"
    assert whole[0].get("errors") == "1"
    assert whole[0].get("tests") == str(len(words) + 1)


def test_cases_that_differ_in_anything_have_names_of_their_own() -> None:
    case = Case("time", "m")
    others = [replace(case, **one) for one in ({"scale": 2}, {"channels": 3}, {"dtype": "float16"}, {"variant": "a=1"})]
    whole = parsed(findings=tuple(Finding(one, "seconds", Word.UNCHANGED) for one in (case, *others)))
    assert len({case.get("name") for case in whole.iter("testcase")}) == 5


def test_whatever_a_revision_or_a_reason_holds_is_read_back() -> None:
    whole = parsed(Word.NO_VERDICT, reason='a < b & c "d"\x00\x1b\udc80\nnext')
    error = whole.find(".//error")
    assert error is not None
    assert error.get("message", "").startswith('m0, seconds: +10.00 %, a < b & c "d"')
    head = whole.find(".//property[@name='head']")
    assert head is not None
    assert head.get("value") == 'head 1a2b3c4 (<b> & "quotes" ]]> \\x1b \\udcff \\ufffe é)'
