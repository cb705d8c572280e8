"""How the run went, in sentences: the line on the page's first screen and the last lines in the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reports.derive.status import Problem, Status
from reports.draw.number_text import counted, listed
from reports.sections.words import words


@dataclass(frozen=True)
class Remark:
    """A sentence, and the section of the page that tells more."""

    text: str
    anchor: str


def remarks(status: Status) -> tuple[Remark, ...]:
    """What has to be known before the figures are believed; where that is nothing, one sentence says so."""
    return tuple(_warnings(status)) or (_all_well(status),)


def _warnings(status: Status) -> Iterator[Remark]:
    if status.failed:
        yield Remark(_failed(status), "failed")
    if status.skipped:
        yield Remark(words("status.skipped", methods=_left_out(status.skipped)), "failed")
    if status.overwritten:
        yield Remark(words("status.overwritten", methods=listed(status.overwritten)), "failed")
    if status.meddled:
        yield Remark(words("status.meddled", methods=listed(status.meddled)), "failed")
    if status.refused:
        yield Remark(words("status.refused", reasons="; ".join(status.refused)), "single-stream")
    if status.unfit:
        yield Remark(words("status.unfit", symptoms=", ".join(status.unfit)), "doctor")
    if status.unequal:
        yield Remark(words("status.unequal", methods=listed(status.unequal)), "tradeoff")


def _all_well(status: Status) -> Remark:
    if not status.cases:
        return Remark(words("status.nothing"), "notices")
    cases = counted(status.cases, "case")
    facts = [words("status.one_succeeded") if status.cases == 1 else words("status.all_succeeded", cases=cases)]
    facts += [words("status.same_images")] if status.scored > 1 else []
    facts += [words("status.fit")] if status.looked_at else []
    said = words("status.well", facts=listed(facts)) if status.well else words("status.otherwise", facts=listed(facts))
    return Remark(said, "doctor" if status.looked_at else "conventions")


def _failed(status: Status) -> str:
    cases, error = counted(status.cases, "case"), status.errors[0].reason
    if len(status.errors) == 1:
        return words("status.failed", cases=cases, failed=status.failed, error=error)
    count = len(status.errors)
    return words("status.failed_variously", cases=cases, failed=status.failed, count=count, error=error)


def _left_out(skipped: tuple[Problem, ...]) -> str:
    return "; ".join(f"{listed(one.methods)} ({one.reason})" for one in skipped)


def error_text(problem: Problem) -> str:
    """An error with the number of its cases and its methods."""
    return words(
        "status.error", error=problem.reason, cases=counted(problem.cases, "case"), methods=listed(problem.methods)
    )
