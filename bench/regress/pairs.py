"""Times both revisions in fresh processes, pair after pair, until each case is settled or the budget is spent."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from bench.plan.case import Case
from bench.regress.findings import INTERRUPTED, PROCESSOR, WALL, Clock, Finding, Interval
from bench.regress.stopping_rule import Chances, Rule
from bench.regress.turns import BLOCK_SECONDS, BLOCKS, FEW_BLOCKS, MOST_BLOCKS, Pace, TimedSide, measure
from bench.regress.verdict import Estimate, contaminated, estimate, ratios, unlike, word
from bench.talk import Progress, counted
from reports.derive.verdict_words import Word

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CLOCKS = {WALL: 0.75, PROCESSOR: 0.25}
"""In the order in which their seconds are measured: the share of the chances of being wrong that each has where both
count. Where nobody disturbs both say the same, and wall time decides; where somebody does, the other is far better."""

_GLANCE = Pace(calls=1, samples=3)
"""The pace at which a first, rough time of a case is taken."""

_SAYS_NOTHING = math.log(10)
"""An interval that reaches so far to either side."""
_OVERFLOWS = 700.0
"""The exponential of this is about the largest number there is."""


class Measure(Protocol):
    """Times cases in one fresh pair of processes."""

    def __call__(self, cases: Sequence[Case], blocks: int) -> Mapping[Case, NDArray[np.float64]]:
        """Seconds (blocks, 3, 2) of each case: of base, base again and head, by wall clock and processor clock.

        There are fewer blocks of a case of which one takes long.
        """


@dataclass(frozen=True)
class Judgement:
    """What one clock says of a case after so many pairs."""

    clock: Clock
    word: Word
    found: Estimate
    chances: Chances
    reason: str = ""


@dataclass
class Pairs:
    """The timed part of a comparison: the pairs measured so far, and what they say of each case."""

    measure: Measure
    rule: Rule
    controls: tuple[Case, ...]
    left: Callable[[], float] = lambda: math.inf
    """Seconds that are left of the budget."""
    now: Callable[[], float] = lambda: 0.0
    """A clock, to learn how long a pair takes."""
    say: Callable[[str], None] = lambda _: None
    progress: Progress = field(default=lambda *_: None)
    samples: dict[Case, list[NDArray[np.float64]]] = field(default_factory=dict)
    """For each case, by pair: seconds (blocks, 3, 2)."""
    by_pair: dict[Case, list[NDArray[np.float64]]] = field(default_factory=dict)
    """For each case, by pair: what both clocks say of head and of base again, (2, 2)."""
    judged: dict[Case, Judgement] = field(default_factory=dict)
    measured: int = 0
    """Pairs."""
    cases: int = 1
    """Cases among which the chance of a false alarm is shared."""
    last: float = 0.0
    """Seconds that the last pair took."""

    def run(self, cases: Sequence[Case]) -> list[Finding]:
        """The findings of all cases."""
        self.cases = max(1, len(cases))
        going = list(cases)
        while going and self.left() > self.last:
            self._measure_pair(going)
            if self.measured < self.rule.least:
                continue
            self.judged.update({case: self._judgement(case) for case in going})
            going = [case for case in going if self._goes_on(case)]
            if going and self.measured == self.rule.least:
                self.say(self._forecast(going, len(cases)))
        return self._findings(cases, "the time for it was spent before it was measured often enough")

    def unfinished(self, cases: Sequence[Case]) -> list[Finding]:
        """What can be said of all cases where `run` was interrupted: what was settled before."""
        for case, judgement in self.judged.items():
            if self._goes_on(case):
                self.judged[case] = replace(judgement, word=Word.NO_VERDICT, reason=INTERRUPTED)
        return self._findings(cases, INTERRUPTED)

    def control_findings(self) -> list[Finding]:
        """The findings of the control kernels."""
        known = [case for case in self.controls if len(self.samples.get(case, ())) > 1]
        self.judged.update({case: self._judgement(case) for case in known})
        return [self._finding(case) for case in known]

    def _measure_pair(self, cases: Sequence[Case]) -> None:
        import numpy as np

        begin = self.now()
        for case, seconds in self.measure([*cases, *self.controls], self._blocks(len(cases))).items():
            self.samples.setdefault(case, []).append(seconds)
            self.by_pair.setdefault(case, []).append(ratios(np.moveaxis(seconds, -1, 0)))
        self.measured += 1
        self.last = self.now() - begin
        self.progress(f"time, {counted(len(cases), 'case')}", self.measured, max(self.rule.least, self.measured + 1))

    def _blocks(self, cases: int) -> int:
        """Of how many blocks of each of so many cases a pair is made.

        What is clear shall be settled soon. Where cases go on, the best number of blocks grows with the root of what
        starting the processes takes, over what a block of all cases takes: few cases get more for the same start.
        """
        return BLOCKS if self.measured < self.rule.least else max(BLOCKS, round(MOST_BLOCKS / math.sqrt(cases)))

    def _goes_on(self, case: Case) -> bool:
        """Whether another pair may settle the case: it may be slower, or so fast that this is worth a word."""
        judgement = self.judged[case]
        faster = judgement.word is Word.NOT_SLOWER and judgement.found.change <= -self.rule.call
        return faster or judgement.word is Word.NO_VERDICT

    def _judgement(self, case: Case) -> Judgement:
        """What wall time says; where it has no verdict, what processor time says, if it has one."""
        by_wall = self._by(case, WALL)
        if by_wall.word is not Word.NO_VERDICT or not self._has_processor_time(case):
            return by_wall
        by_processor = self._by(case, PROCESSOR)
        if by_processor.word is Word.NO_VERDICT:
            return by_wall
        return replace(by_processor, reason=f"by processor time; by wall time {_at_most(self._high(by_wall))}")

    def _by(self, case: Case, clock: Clock) -> Judgement:
        import numpy as np

        chances = self.rule.chances(self.cases, CLOCKS[clock] if self._has_processor_time(case) else 1.0)
        found = estimate(np.stack(self.by_pair[case])[:, list(CLOCKS).index(clock)])
        said = word(found, self.rule, chances)
        return Judgement(clock, said, found, chances, unlike(found, self.rule, chances))

    def _high(self, judgement: Judgement) -> float:
        """The logarithm of the largest ratio that is not excluded."""
        return judgement.found.change + judgement.found.margin(self.rule, judgement.chances)

    def _has_processor_time(self, case: Case) -> bool:
        import numpy as np

        return not np.isnan(np.concatenate(self.samples[case])).any()

    def _forecast(self, going: Sequence[Case], of: int) -> str:
        """How long the cases that go on need, if nothing changed in them; and what is left of the budget."""
        needed = {case: self._pairs_needed(case) for case in going}
        begin = max(0.0, self.last - of * BLOCKS * BLOCK_SECONDS)  # of which a pair takes so much to start
        pair = begin + len(going) * BLOCKS * BLOCK_SECONDS
        minutes = {case: f"{pairs * pair / 60:.1f}" for case, pairs in needed.items()}
        each = ", ".join(" ".join(filter(None, (case.name, case.size, minutes[case]))) for case in going)
        left = "" if math.isinf(self.left()) else f"; {max(0.0, self.left()) / 60:.1f} minutes are left"
        return (
            f"after {counted(self.measured, 'pair')} {len(going)} of {of} cases go on; minutes until a slow-down of "
            f"{self.rule.tolerance:.1%} is excluded, if there is none: {each}{left}"
        )

    def _pairs_needed(self, case: Case) -> int:
        judgement = self.judged[case]
        return self.rule.pairs_needed(judgement.found.error, self.measured, judgement.chances.miss) - self.measured

    def _findings(self, cases: Sequence[Case], why_not: str) -> list[Finding]:
        moved = self._contamination()
        findings = []
        for case in cases:
            if case in self.judged:
                judgement = self.judged[case]
                if moved:
                    self.judged[case] = replace(judgement, word=Word.NO_VERDICT, reason=moved)
                findings.append(self._finding(case))
            else:
                findings.append(Finding(case, "seconds", Word.NO_VERDICT, reason=why_not))
        return findings

    def _contamination(self) -> str:
        """Why nothing that was timed counts: a control kernel differs."""
        whys = (
            contaminated(control.method, by.found, self.rule, by.chances)
            for control in self.controls
            if len(self.samples.get(control, ())) >= self.rule.least
            for by in (self._by(control, WALL),)
        )
        return next((why for why in whys if why), "")

    def _finding(self, case: Case) -> Finding:
        import numpy as np

        judgement = self.judged[case]
        found, chances = judgement.found, judgement.chances
        base, again, head = np.concatenate(self.samples[case])[..., list(CLOCKS).index(judgement.clock)].T
        interval = _around(found.change, found.margin(self.rule, chances))
        detectable = _around(0.0, found.detectable(self.rule, chances))
        unsure, reason = judgement.word is Word.NO_VERDICT, judgement.reason
        at_most = interval.high if interval and not (unsure and reason) else None
        if unsure and not reason:
            excluded = f"{_at_most(self._high(judgement))}; the tolerance is {self.rule.tolerance:.1%}"
            reason = excluded if interval else "too noisy to exclude even a tenfold slow-down"
        return Finding(
            case, "seconds", judgement.word,
            base=float(np.median([base, again])),
            head=float(np.median(head)),
            change=math.expm1(found.change),
            interval=interval,
            floor=_around(found.floor, found.floor_margin(self.rule, chances)),
            detectable=detectable.high if detectable else None,
            at_most=at_most,
            reason=reason,
            clock=judgement.clock,
            samples=(tuple(np.sqrt(base * again).ravel().tolist()), tuple(head.ravel().tolist())),
        )  # fmt: skip


def _at_most(high: float) -> str:
    """In words, a slow-down whose ratio has this logarithm."""
    return f"at most {math.expm1(high) if high < _OVERFLOWS else math.inf:+.1%}"


def _around(middle: float, margin: float) -> Interval | None:
    """An interval of logarithms as one of changes; None where it is so wide that it says nothing."""
    return Interval(math.expm1(middle - margin), math.expm1(middle + margin)) if margin < _SAYS_NOTHING else None


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
    controls: tuple[Case, ...] = ()
    """Of these there are few blocks."""
    paces: dict[Case, Pace] = field(default_factory=dict)

    def __call__(self, cases: Sequence[Case], blocks: int) -> Mapping[Case, NDArray[np.float64]]:
        """Seconds (blocks, 3, 2) of each case from one fresh pair."""
        with self._trio() as trio:
            for case in cases:
                for side in trio:
                    side.make_ready(case, self.image(case))
                for side in trio:
                    side.wait_ready(case)
            for case in cases:
                if case not in self.paces:
                    self.paces[case] = Pace.of(trio[0].seconds(case, _GLANCE)[0])
            few = dict.fromkeys(self.controls, FEW_BLOCKS)
            paces = {case: self.paces[case].with_blocks(few.get(case, blocks)) for case in cases}
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
