"""What a run will do: a `Plan`, checked before the first measurement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bench.measure.image_set import ImageSet
from bench.plan.case import Case
from bench.plan.experiments import is_timed
from bench.plan.sections import PairedSection
from bench.plan.spec import Spec
from bench.record.manifest import Manifest

TIMED = ("time", "paired", "memory", "layers", "experiment")
"""The kinds of case that may be timed, in the order of a run."""


@dataclass(frozen=True)
class Plan:
    """A run that is ready to start: what is left to measure, on what, and where the rows go."""

    spec: Spec
    manifest: Manifest
    directory: Path
    images: ImageSet
    cases: tuple[Case, ...]
    """What is to be measured; a resumed run leaves out what it finished before."""
    skipped: tuple[tuple[Case, str], ...] = ()
    """What cannot run here, with the reason: weights or an optional package are not there."""
    known: int = 0
    """How many cases were finished before."""
    timed_before: bool = False
    """Whether times were taken before; then the manifest's machine has to take the others, too."""

    def of(self, kind: str) -> tuple[Case, ...]:
        """The cases of one kind."""
        return tuple(case for case in self.cases if case.kind == kind)

    def only(self, chosen: Callable[[Case], bool]) -> Plan:
        """The same plan for those of its cases for which `chosen` is true."""
        return replace(self, cases=tuple(filter(chosen, self.cases)))

    def parts(self) -> Iterator[Plan]:
        """Plans of what is timed, each of what is measured at once: one case, or one group timed in turn."""
        for kind in TIMED:
            if kind != "paired":
                yield from (replace(self, cases=(case,)) for case in self.of(kind) if takes_time(case))
                continue
            for section, cases in self.groups():
                yield replace(self, spec=self.spec.model_copy(update={"paired": (section,)}), cases=tuple(cases))

    def groups(self) -> Iterator[tuple[PairedSection, list[Case]]]:
        """The groups timed in turn that are not finished, with all of their cases that can run here."""
        left = set(self.of("paired"))
        skipped = {case for case, _ in self.skipped}
        for section in self.spec.paired:
            members = section.cases(self.spec.device, self.spec.thread_count())
            cases = [case for case in members if case not in skipped]
            if left.intersection(cases):
                yield section, cases


def takes_time(case: Case) -> bool:
    """Whether `case` reads a clock or a peak of memory, which anything else on its machine would disturb."""
    return case.kind in TIMED and (case.kind != "experiment" or is_timed(case.method))
