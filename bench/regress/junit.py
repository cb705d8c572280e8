"""A comparison as JUnit XML, which continuous integration shows: a test for each metric of each case."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from bench.regress.findings import Comparison, Finding
from bench.regress.headline import headline, said
from reports.derive.verdict_words import REGRESSIONS, Word

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot hold, escaped or not."""


def to_junit(comparison: Comparison) -> str:
    """A regression is a failure, no verdict an error; what is not measured, or may be undecided, is skipped.

    Where the comparison does not pass although none of its cases says so, an error of the whole does.
    """
    suite = Element("testsuite")
    for finding in comparison.findings:
        case = _test(finding.case.method, f"{finding.metric} {finding.place}")
        case.extend(_outcome(finding, comparison))
        suite.append(case)
    found = Counter(outcome.tag for case in suite for outcome in case)
    if comparison.status and not found["failure"] and not found["error"]:
        case = _test("restobench", "the whole comparison")
        case.append(_says("error", comparison.word, headline(comparison)))
        suite.append(case)
        found["error"] += 1
    counts = {"tests": len(suite), "failures": found["failure"], "errors": found["error"], "skipped": found["skipped"]}
    suite.attrib = {
        "name": "restobench compare",
        **{name: str(count) for name, count in counts.items()},
        "time": f"{comparison.seconds:.3f}",
        "timestamp": comparison.started.removesuffix("Z"),
    }
    suite.insert(0, _properties(comparison))
    whole = Element("testsuites", {name: value for name, value in suite.attrib.items() if name != "timestamp"})
    whole.append(suite)
    indent(whole, " ")
    text: bytes = tostring(whole, encoding="utf-8", xml_declaration=True)
    return text.decode()


def _outcome(finding: Finding, comparison: Comparison) -> Iterator[Element]:
    """The element that says how a test ended; none where it passed."""
    if finding.word in REGRESSIONS:
        yield _says("failure", finding.word, said(finding, f" is {finding.word}"))
    elif finding.word is Word.NO_VERDICT:
        forgiven = finding.undecided and comparison.undecided == "pass"
        yield _says("skipped" if forgiven else "error", finding.word, said(finding))
    elif finding.word is Word.NOT_MEASURED:
        yield _says("skipped", finding.word, finding.reason)


def _test(group: str, name: str) -> Element:
    return Element("testcase", {"classname": _text(group), "name": _text(name)})


def _says(outcome: str, word: Word, message: str) -> Element:
    return Element(outcome, {"type": str(word), "message": _text(message)})


def _properties(comparison: Comparison) -> Element:
    properties = Element("properties")
    facts = {
        "verdict": str(comparison.word),
        "base": comparison.base.label,
        "head": comparison.head.label,
        "spec": comparison.spec,
        "environment": comparison.fingerprint,
    }
    for name, value in facts.items():
        SubElement(properties, "property", {"name": name, "value": _text(value)})
    return properties


def _text(text: str) -> str:
    """`text` as XML can hold it."""
    return _NOT_XML.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
