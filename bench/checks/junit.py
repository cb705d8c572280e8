"""Published figures that were measured again, as JUnit XML: a test for each of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from bench.checks.published import Check
from bench.record.junit import JUnitCase, to_xml
from bench.record.manifest import now, revision


def to_junit(checks: Sequence[Check], *, seconds: float, unmeasured: Literal["skipped", "error"]) -> str:
    """A figure that is off is a failure; one that could not be measured is `unmeasured`."""
    cases = [_case(check, unmeasured) for check in checks]
    return to_xml("restobench verify", cases, seconds=seconds, started=now(), properties={"revision": revision()})


def _case(check: Check, unmeasured: Literal["skipped", "error"]) -> JUnitCase:
    if check.measured is None:
        return JUnitCase(check.images, check.what, unmeasured, check.status, check.reason)
    if check.status == "pass":
        return JUnitCase(check.images, check.what)
    off = f"{check.measured:.4g} {check.unit}, published {check.published:g}, off by {check.difference:+.4g}"
    return JUnitCase(check.images, check.what, "failure", "off", f"{off}, tolerance {check.tolerance:g}")
