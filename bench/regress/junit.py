"""A comparison as JUnit XML: a test for each metric of each case."""

from __future__ import annotations

from bench.record.junit import JUnitCase, to_xml
from bench.regress.findings import Comparison, Finding
from bench.regress.headline import headline, said
from reports.derive.verdict_words import REGRESSIONS, Word


def to_junit(comparison: Comparison) -> str:
    """A regression is a failure, no verdict an error; what is not measured, or may be undecided, is skipped.

    Where the comparison does not pass although none of its cases says so, an error of the whole does.
    """
    cases = [_case(finding, comparison) for finding in comparison.findings]
    if comparison.status and not {"failure", "error"}.intersection(case.outcome for case in cases):
        word, why = str(comparison.word), headline(comparison)
        cases.append(JUnitCase("restobench", "the whole comparison", "error", word, why))
    facts = {
        "verdict": str(comparison.word),
        "base": comparison.base.label,
        "head": comparison.head.label,
        "spec": comparison.spec,
        "environment": comparison.fingerprint,
    }
    return to_xml("restobench compare", cases, seconds=comparison.seconds, started=comparison.started, properties=facts)


def _case(finding: Finding, comparison: Comparison) -> JUnitCase:
    """How one finding ended."""
    method, name, word = finding.case.method, f"{finding.metric} {finding.place}", str(finding.word)
    if finding.word in REGRESSIONS:
        return JUnitCase(method, name, "failure", word, said(finding, f" is {finding.word}"))
    if finding.word is Word.NO_VERDICT:
        forgiven = finding.undecided and comparison.undecided == "pass"
        return JUnitCase(method, name, "skipped" if forgiven else "error", word, said(finding))
    if finding.word is Word.NOT_MEASURED:
        return JUnitCase(method, name, "skipped", word, finding.reason)
    return JUnitCase(method, name)
