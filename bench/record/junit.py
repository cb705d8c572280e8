"""JUnit XML, which continuous integration shows: one suite of cases, each with how it ended."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree.ElementTree import Element, SubElement, indent, tostring

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot hold, escaped or not."""


@dataclass(frozen=True)
class JUnitCase:
    """One test, as JUnit names it."""

    group: str
    name: str
    outcome: Literal["passed", "failure", "error", "skipped"] = "passed"
    kind: str = ""
    """What sort of outcome, in a word or two; nothing where it passed."""
    message: str = ""
    seconds: float | None = None


def to_xml(
    name: str, cases: Sequence[JUnitCase], *, seconds: float, started: str = "", properties: Mapping[str, str]
) -> str:
    """A document of one suite, `name`; `started` is the time in UTC as ISO 8601."""
    found = Counter(case.outcome for case in cases)
    counts = {
        "tests": len(cases),
        "failures": found["failure"],
        "errors": found["error"],
        "skipped": found["skipped"],
    }
    shared = {"name": name, **{what: str(count) for what, count in counts.items()}, "time": f"{seconds:.3f}"}
    whole = Element("testsuites", shared)
    stamp = {"timestamp": started.removesuffix("Z")} if started else {}
    suite = SubElement(whole, "testsuite", {**shared, **stamp})
    described = SubElement(suite, "properties")
    for key, value in properties.items():
        SubElement(described, "property", {"name": key, "value": _text(value)})
    suite.extend(_element(case) for case in cases)
    indent(whole, " ")
    text: bytes = tostring(whole, encoding="utf-8", xml_declaration=True)
    return text.decode()


def _element(case: JUnitCase) -> Element:
    time = {} if case.seconds is None else {"time": f"{case.seconds:.3f}"}
    element = Element("testcase", {"classname": _text(case.group), "name": _text(case.name), **time})
    if case.outcome != "passed":
        SubElement(element, case.outcome, {"type": _text(case.kind), "message": _text(case.message)})
    return element


def _text(text: str) -> str:
    """`text` as XML can hold it."""
    return _NOT_XML.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
