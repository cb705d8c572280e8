"""The line that says how a run went: each sentence, and the data that would make it false."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reports.derive.status import NOTHING, Problem, Status
from reports.sections.status import error_text, remarks

WELL = Status(cases=148, failed=0, looked_at=8, scored=5)
NAN, KILLED = Problem("OutputError: NaN", 3, ("mine",)), Problem("ProcessDiedError: killed", 1, ("dct", "mine"))


def texts(status: Status) -> list[str]:
    return [remark.text for remark in remarks(status)]


def test_a_run_without_trouble_says_so_with_its_facts() -> None:
    (said,) = texts(WELL)
    assert said == (
        "Well: all 148 cases succeeded, all methods were scored on the same images and nothing spoke against timing on"
        " this machine when the run started."
    )


def test_nothing_is_said_of_a_machine_that_was_not_looked_at_or_of_images_of_one_method() -> None:
    assert texts(replace(WELL, looked_at=0, scored=1, cases=1)) == ["Well: the one case succeeded."]


def test_a_run_of_nothing_is_not_well() -> None:
    assert texts(NOTHING) == ["No case was measured."]


def test_an_unfinished_run_is_not_called_well() -> None:
    (said,) = texts(replace(WELL, problems=("The run did not finish.",)))
    assert said.startswith("Otherwise, all 148 cases succeeded")


def test_failures_are_counted_with_their_reason() -> None:
    assert texts(replace(WELL, failed=3, errors=(NAN,))) == ["Of 148 cases 3 failed: OutputError: NaN"]
    assert texts(replace(WELL, failed=4, errors=(NAN, KILLED))) == [
        "Of 148 cases 4 failed with 2 different errors, most often: OutputError: NaN"
    ]
    assert error_text(KILLED) == "ProcessDiedError: killed (1 case: dct and mine)"


@pytest.mark.parametrize(
    ("changed", "said", "anchor"),
    [
        ({"skipped": (Problem("no weights", 2, ("rdn",)),)}, "Left out: rdn (no weights).", "failed"),
        ({"overwritten": ("mine",)}, "Wrote into the input that they were given: mine.", "failed"),
        (
            {"meddled": ("mine (the working directory)",)},
            "Changed settings of the process that measured them, which were put back: mine (the working directory).",
            "failed",
        ),
        ({"unfit": ("drift (120 %)",)}, "The machine was unfit to take times on: drift (120 %).", "doctor"),
        (
            {"unequal": ("BM3D",)},
            "Scored on other images than most, and compared on those they share: BM3D.",
            "tradeoff",
        ),
    ],
)
def test_each_trouble_has_its_sentence_and_the_section_that_tells_more(
    changed: dict[str, object], said: str, anchor: str
) -> None:
    (remark,) = remarks(replace(WELL, **changed))  # type: ignore[arg-type]  # each value is of its field's type
    assert (remark.text, remark.anchor) == (said, anchor)
