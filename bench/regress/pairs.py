"""Times both revisions in fresh processes, pair after pair, until each case is settled or the maximum is reached."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from bench.plan.case import Case
from bench.regress.findings import INTERRUPTED, Finding, Interval
from bench.regress.stopping_rule import Rule
from bench.regress.turns import Pace, TimedSide, measure
from bench.regress.verdict import Estimate, confirmed, contaminated, estimate, look, unlike
from bench.talk import Progress
from reports.derive.verdict_words import Word

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = dict[Case, list[NDArray[np.float64]]]
    """For each case, by pair: seconds (blocks, 3) of base, base again and head."""

CONFIRMING_PAIRS = 5
"""Pairs of fresh processes that must confirm a change."""

_GLANCE = Pace(calls=1, samples=3)
"""The pace at which a first, rough time of a case is taken."""


class Measure(Protocol):
    """Times cases in one fresh pair of processes."""

    def __call__(self, cases: Sequence[Case]) -> Mapping[Case, NDArray[np.float64]]:
        """Seconds (blocks, 3) of each case."""


@dataclass
class Pairs:
    """The timed part of a comparison: the pairs measured so far, and the word that each case was settled with."""

    measure: Measure
    rule: Rule
    controls: tuple[Case, ...]
    seed: int = 0
    samples: Samples = field(default_factory=dict)
    settled: dict[Case, tuple[Word, float]] = field(default_factory=dict)
    """Each case's word and the level at which it was reached."""
    reasons: dict[Case, str] = field(default_factory=dict)
    measured: int = 0
    """Pairs, those that confirmed among them."""
    progress: Progress = field(default=lambda *_: None)

    def run(self, cases: Sequence[Case]) -> list[Finding]:
        """The findings of all cases."""
        if not cases:
            return []
        self._screen(cases)
        self._confirm([case for case in cases if self._word(case) in {Word.SLOWER, Word.FASTER}])
        return [self._finding(case) for case in cases]

    def unfinished(self, cases: Sequence[Case]) -> list[Finding]:
        """What can be said of all cases where `run` was interrupted: a change that was not confirmed is none."""
        for case in cases:
            word, level = self.settled.get(case, (Word.NO_VERDICT, self.rule.level(self.rule.most)))
            if word is not Word.UNCHANGED:
                self.settled[case], self.reasons[case] = (Word.NO_VERDICT, level), INTERRUPTED
        untimed = [Finding(case, "seconds", Word.NO_VERDICT, reason=INTERRUPTED) for case in cases]
        return [
            self._finding(case) if self._estimable(case) else none for case, none in zip(cases, untimed, strict=True)
        ]

    def control_findings(self) -> list[Finding]:
        """The findings of the control kernels."""
        for control in self.controls:
            if self._estimable(control):
                why = contaminated(control.method, self._estimate(control), self.rule)
                found = look({control: self._estimate(control)}, self.rule, level=0.0, family=1)[control]
                self.settled[control] = (Word.NO_VERDICT if why else found, self.rule.alpha)
                self.reasons[control] = why
        return [self._finding(control) for control in self.controls if self._estimable(control)]

    def _screen(self, cases: Sequence[Case]) -> None:
        open_cases = list(cases)
        while open_cases and self.measured < self.rule.most:
            self._measure_pair(open_cases, self.samples)
            if self.measured >= self.rule.least:
                self._look(open_cases, family=len(cases))
                open_cases = [case for case in cases if self._goes_on(case)]

    def _goes_on(self, case: Case) -> bool:
        """Whether another pair may settle the case: it may be slower, or so fast that this is worth a word."""
        word = self._word(case)
        faster = word is Word.NOT_SLOWER and self._estimate(case).change <= -self.rule.call
        return faster or word is Word.NO_VERDICT

    def _look(self, cases: Sequence[Case], *, family: int) -> None:
        level = self.rule.level(self.measured)
        why = self._contamination(self.samples)
        words = look({case: self._estimate(case) for case in cases}, self.rule, level=level, family=family)
        for case, word in words.items():
            spent = level or self.rule.level(self.rule.most)  # of the next look that can call a change
            self.settled[case] = (Word.NO_VERDICT if why else word, spent / family)
            self.reasons[case] = why

    def _confirm(self, cases: Sequence[Case]) -> None:
        """Measures flagged cases again in fresh processes; a change that they do not show does not count."""
        if not cases:
            return
        fresh: Samples = {}
        for _ in range(CONFIRMING_PAIRS):
            self._measure_pair(cases, fresh)
        why = self._contamination(fresh)
        for case in cases:
            word, level = self.settled[case]
            again = Word.NO_VERDICT if why else confirmed(word, self._estimate(case, fresh), self.rule)
            self.settled[case] = (again, level)
            self.reasons[case] = why or ("" if again is word else f"{word}, but fresh processes did not confirm it")
            self.samples[case].extend(fresh[case])

    def _measure_pair(self, cases: Sequence[Case], samples: Samples) -> None:
        for case, seconds in self.measure([*cases, *self.controls]).items():
            samples.setdefault(case, []).append(seconds)
        self.measured += 1
        self.progress(f"time, {len(cases)} cases", self.measured, self.rule.most + CONFIRMING_PAIRS)

    def _contamination(self, samples: Samples) -> str:
        whys = (contaminated(control.method, self._estimate(control, samples), self.rule) for control in self.controls)
        return next((why for why in whys if why), "")

    def _estimable(self, case: Case) -> bool:
        """Whether there are the two pairs that an estimate takes."""
        return len(self.samples.get(case, ())) > 1

    def _word(self, case: Case) -> Word:
        return self.settled.get(case, (Word.NO_VERDICT, 0.0))[0]

    def _estimate(self, case: Case, samples: Samples | None = None) -> Estimate:
        import numpy as np

        return estimate(np.stack((self.samples if samples is None else samples)[case]), seed=self.seed)

    def _finding(self, case: Case) -> Finding:
        import numpy as np

        found = self._estimate(case)
        word, level = self.settled[case]
        base, again, head = np.moveaxis(np.stack(self.samples[case]), -1, 0)
        detectable = math.expm1(found.detectable(self.rule, level))
        interval = _around(found.change, found.margin)
        reason = self.reasons.get(case, "") or (unlike(found, self.rule) if word is Word.NO_VERDICT else "")
        at_most = None if reason and word is Word.NO_VERDICT else interval.high
        if word is Word.NO_VERDICT and not reason:
            reason = f"at most {interval.high:+.1%}; the tolerance is {self.rule.tolerance:.1%}"
        return Finding(
            case,
            "seconds",
            word,
            base=float(np.median([base, again])),
            head=float(np.median(head)),
            change=math.expm1(found.change),
            interval=interval,
            floor=_around(found.floor, found.floor_margin),
            detectable=detectable,
            at_most=at_most,
            reason=reason,
            samples=(tuple(np.sqrt(base * again).ravel().tolist()), tuple(head.ravel().tolist())),
        )


def _around(middle: float, margin: float) -> Interval:
    return Interval(math.expm1(middle - margin), math.expm1(middle + margin))


class FreshSide(TimedSide, Protocol):
    """A side in a process just started, which gets cases ready on request."""

    def make_ready(self, case: Case, image: NDArray[np.float32]) -> None:
        """Has the side build the case and warm it on `image`."""

    def wait_ready(self, case: Case) -> None:
        """Waits until it has."""

    def close(self) -> None:
        """Ends the process."""


@dataclass
class FreshPairs:
    """Times cases in fresh processes that `start` brings up, base, base again and head, in a random order."""

    start: Callable[[str], FreshSide]
    image: Callable[[Case], NDArray[np.float32]]
    generator: np.random.Generator
    paces: dict[Case, Pace] = field(default_factory=dict)

    def __call__(self, cases: Sequence[Case]) -> Mapping[Case, NDArray[np.float64]]:
        """Seconds (blocks, 3) of each case from one fresh pair."""
        with self._trio() as trio:
            for case in cases:
                for side in trio:
                    side.make_ready(case, self.image(case))
                for side in trio:
                    side.wait_ready(case)
            for case in cases:
                if case not in self.paces:
                    self.paces[case] = Pace.of(trio[0].seconds(case, _GLANCE))
            paces = {case: self.paces[case] for case in cases}
            return measure(trio, paces, self.generator)

    @contextmanager
    def _trio(self) -> Iterator[list[FreshSide]]:
        names = ["base", "base", "head"]
        trio: dict[int, FreshSide] = {}
        with ExitStack() as stack:
            for place in self.generator.permutation(len(names)):
                side = self.start(names[place])
                stack.callback(side.close)
                trio[int(place)] = side
            yield [trio[place] for place in range(len(names))]
