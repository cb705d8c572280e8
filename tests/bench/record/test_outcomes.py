"""A run as JUnit XML: every case once, with how it ended."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import pytest

from bench.errors import BenchError
from bench.plan.case import Case, Reading
from bench.record.attempt import END, left_out
from bench.record.outcomes import run_junit
from bench.record.rows import Row

TIMED = Case("time", "a", height=8, width=8)
PEER = Case("paired", "a", height=8, width=8)
STUDY = Case("experiment", "roofline")


def written(folder: Path, rows: Sequence[Row], status: str = "complete") -> Path:
    facts = {"run": "r", "name": "n", "command": "", "spec": {}, "environment": {}, "fingerprint": "f"}
    about = {**facts, "started": "2026-01-01T00:00:00Z", "status": status, "seconds": {"total": 3.0}}
    (folder / "run.json").write_text(json.dumps(about))
    (folder / "rows.jsonl").write_text("".join(f"{row.to_json()}\n" for row in rows))
    return folder


def ended(case: Case, part: str = "") -> Row:
    return Row("r", case, Reading(END, 1.5, "s", part=part))


def outcomes(whole: Element) -> list[tuple[str, str]]:
    cases = whole.iter("testcase")
    return [(case.get("classname", ""), next((child.tag for child in case), "passed")) for case in cases]


def test_failed_skipped_and_passed_cases_are_told_apart(tmp_path: Path) -> None:
    failing, lacking = (Case("quality", name, image="i") for name in ("b", "c"))
    rows = [
        Row("r", TIMED, Reading("seconds", 0.1, "s")), ended(TIMED),
        Row("r", failing, Reading("failure", None), error='ValueError: a < "b"'), ended(failing),
        left_out("r", lacking, "bm3d is not installed"),
    ]  # fmt: skip
    whole = fromstring(run_junit(written(tmp_path, rows)).encode())  # noqa: S314 - our own
    assert outcomes(whole) == [("a", "passed"), ("b", "failure"), ("c", "skipped")]
    failure = whole.find(".//failure")
    assert failure is not None
    assert failure.attrib == {"type": "ValueError", "message": 'ValueError: a < "b"'}
    assert (whole.get("failures"), whole.get("skipped"), whole.get("time")) == ("1", "1", "3.000")


def test_an_experiment_is_one_case_and_a_peer_one_in_each_group(tmp_path: Path) -> None:
    curve = Case("experiment", "roofline", image="camera")
    rows = [Row("r", curve, Reading("value", 1.0)), ended(STUDY), *(ended(PEER, group) for group in ("one", "two"))]
    whole = fromstring(run_junit(written(tmp_path, rows)).encode())  # noqa: S314 - our own
    assert outcomes(whole) == [("roofline", "passed"), ("a", "passed"), ("a", "passed")]
    assert len({case.get("name") for case in whole.iter("testcase")}) == 3


def test_a_run_that_was_interrupted_is_red(tmp_path: Path) -> None:
    whole = fromstring(run_junit(written(tmp_path, [ended(TIMED)], "interrupted")).encode())  # noqa: S314 - our own
    assert outcomes(whole)[-1] == ("restobench", "error")


def test_a_run_without_a_row_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="nothing was measured"):
        run_junit(written(tmp_path, []))
