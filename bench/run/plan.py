"""What a run will do: a `Plan`, checked before the first measurement."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
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
    pictured: frozenset[Case] = frozenset()
    """The cases whose pictures the report shows."""
    timeout: float = 0.0
    """Seconds that one case may take; 0: as long as it likes."""
    forecast: Mapping[Case, float] = field(default_factory=dict)
    """By how many seconds each case is likely to lengthen the run."""

    def of(self, kind: str) -> tuple[Case, ...]:
        """The cases of one kind."""
        return tuple(case for case in self.cases if case.kind == kind)

    def only(self, chosen: Callable[[Case], bool]) -> Plan:
        """The same plan for those of its cases for which `chosen` is true."""
        return self.holding(filter(chosen, self.cases))

    def holding(self, cases: Iterable[Case]) -> Plan:
        """The same plan for `cases`, which are some of its own."""
        kept = tuple(cases)
        return replace(self, cases=kept, pictured=self.pictured.intersection(kept))

    def each(self) -> Iterator[Plan]:
        """Plans of one case each."""
        return (self.holding((case,)) for case in self.cases)

    def parts(self) -> Iterator[Plan]:
        """Plans of what is timed, each of what is measured at once: one case, or one group timed in turn."""
        timed = self.only(takes_time)
        for kind in TIMED:
            chosen = timed.only(lambda case, kind=kind: case.kind == kind)  # type: ignore[misc]  # mypy: a default
            if kind != "paired":
                yield from chosen.each()
                continue
            for section, cases in chosen.groups():
                spec = self.spec.model_copy(update={"paired": (section,)})
                yield replace(chosen.holding(cases), spec=spec)

    def groups(self) -> Iterator[tuple[PairedSection, list[Case]]]:
        """The groups timed in turn, with those of their cases that are left."""
        left = set(self.of("paired"))
        for section in self.spec.paired:
            if cases := [case for case in section.cases(self.spec.device, self.spec.thread_count()) if case in left]:
                yield section, cases


def takes_time(case: Case) -> bool:
    """Whether `case` reads a clock or a peak of memory, which anything else on its machine would disturb."""
    return case.kind in TIMED and (case.kind != "experiment" or is_timed(case.method))
