"""What a comparison found: a `Finding` for each metric of each case, and a word for each method and for the whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from bench import interrupts
from bench.plan.case import Case
from bench.regress.checkouts import Checkout
from bench.talk import Record
from reports.derive.verdict_words import CHANGES, REGRESSIONS, Tolerances, Word, relative, together, worst

Metric = str
"""`seconds`, `macs_per_pixel`, `peak_bytes`, or the name of what restored images are judged by."""

RELATIVE: frozenset[Metric] = frozenset({"seconds", "peak_bytes"})
"""Metrics whose change is relative to base; the change of the others is a difference."""

Clock = Literal["wall", "processor"]
"""By which time was taken."""

WALL: Clock = "wall"
PROCESSOR: Clock = "processor"

INTERRUPTED = "interrupted"
"""The reason for no verdict where the comparison was interrupted before it had one."""

UNITS: Mapping[Metric, str] = {"seconds": "s", "psnr_db": "dB", "macs_per_pixel": "MAC/px", "peak_bytes": "B"}

_USUAL = Tolerances()

BIGGER_IS_BETTER: frozenset[Metric] = frozenset({"psnr_db"})


@dataclass(frozen=True)
class Interval:
    """Two ends of what a change may be."""

    low: float
    high: float


@dataclass(frozen=True)
class Score:
    """What a finding has to know of a metric that judges restored images."""

    unit: str
    bigger_is_better: bool


@dataclass(frozen=True)
class Finding:
    """One metric of one case in both revisions."""

    case: Case
    metric: Metric
    word: Word
    base: float | None = None
    head: float | None = None
    change: float | None = None
    """Head against base; relative or a difference, as `RELATIVE` says."""
    interval: Interval | None = None
    """Of time: of 95 %, however often one looked. Of quality: the smallest and the largest change of an image."""
    floor: Interval | None = None
    """The interval of base against base, measured in the same way."""
    detectable: float | None = None
    """The smallest change that would have been found in four of five cases."""
    at_most: float | None = None
    """Of time, the slow-down that is excluded: the upper end of its interval, where nothing speaks against that."""
    reason: str = ""
    """Why there is no verdict, or where the change is largest."""
    clock: Clock = WALL
    """Of time, the clock that decided."""
    samples: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())
    """Seconds of every block of base and of head."""
    score: Score | None = None
    """Of quality: what its metric's record says; None for time, operations and memory."""

    @property
    def unit(self) -> str:
        """The unit of its values."""
        return self.score.unit if self.score else UNITS.get(self.metric, "")

    @property
    def bigger_is_better(self) -> bool:
        """Whether a larger value is better."""
        return self.score.bigger_is_better if self.score else self.metric in BIGGER_IS_BETTER

    @property
    def judges(self) -> bool:
        """Whether it is of quality."""
        return self.score is not None or self.metric == "psnr_db"

    @property
    def undecided(self) -> bool:
        """Whether it was measured soundly, but not well enough to exclude a slow-down of its tolerance."""
        return self.word is Word.NO_VERDICT and self.at_most is not None

    @property
    def subject(self) -> tuple[str, ...]:
        """The method and its options, without the image or the size."""
        case = self.case
        return (case.method, case.variant, str(case.channels), str(case.scale), case.dtype, case.device)

    @property
    def size(self) -> float:
        """How large its change is, to put changes in order: over the usual tolerance of its metric.

        Of quality, the image that changed most counts, over its own tolerance; of operations, their change as if it
        were one of time.
        """
        if self.change is None:
            return 0.0
        if self.metric == "macs_per_pixel":
            return abs(relative(self.base or 0.0, self.head or 0.0)) / _USUAL.time
        if self.judges:
            ends = self.interval or Interval(self.change, self.change)
            return max(abs(ends.low), abs(ends.high)) / (self.detectable or _USUAL.psnr_db)
        return abs(self.change) / (_USUAL.time if self.metric == "seconds" else _USUAL.memory)

    @property
    def name(self) -> str:
        """The method and its options, for people."""
        return self.case.name

    @property
    def place(self) -> str:
        """All that tells its case from others, for programs that keep one line per name."""
        case = self.case
        noise = f"sigma {case.sigma_255:g}" if case.sigma_255 else ""
        shape = f"{case.channels}ch x{case.scale}"
        words = (case.method, case.variant, shape, case.size, noise, case.degradation, case.device, case.dtype)
        return " ".join(word for word in words if word)

    @property
    def measured(self) -> str:
        """What was measured, for people: `seconds 512x512`, `psnr_db sigma 25`."""
        case = self.case
        noise = f"sigma {case.sigma_255:g}" if case.sigma_255 and self.judges else ""
        damage = case.degradation if self.judges and not (noise and case.degradation == "awgn") else ""
        clock = "" if self.clock == WALL else self.clock
        return " ".join(word for word in (clock, self.metric, case.size, noise, damage) if word)

    def brief(self) -> Record:
        """What a reader wants of it first."""
        return {
            "verdict": str(self.word),
            "method": self.name,
            "measured": self.measured,
            "change": self._text(self.change),
            "interval": self._range(self.interval),
            "reason": self.reason,
        }

    def record(self) -> Record:
        """One line of the table of everything."""
        return {
            "method": self.case.method,
            "variant": self.case.variant,
            "measured": self.measured,
            "base": self.base,
            "head": self.head,
            "change": self._text(self.change),
            "interval": self._range(self.interval),
            "base against base": self._range(self.floor),
            "detectable": self._text(self.detectable, sign=""),
            "verdict": str(self.word),
            "reason": self.reason,
        }

    def _text(self, change: float | None, sign: str = "+") -> str:
        if change is None:
            return ""
        if self.metric in RELATIVE:
            return f"{100 * change:{sign}.2f} %"
        return f"{change:{sign}.4g} {self.unit}".rstrip()

    def _range(self, ends: Interval | None) -> str:
        return f"{self._text(ends.low)} .. {self._text(ends.high)}" if ends else ""


@dataclass(frozen=True)
class Comparison:
    """All findings of base against head."""

    base: Checkout
    head: Checkout
    spec: str
    findings: tuple[Finding, ...]
    environment: Mapping[str, object]
    fingerprint: str
    started: str
    seconds: float
    pairs: int
    """Process pairs that the times rest on."""
    controls: tuple[Finding, ...] = ()
    notices: tuple[str, ...] = ()
    interrupted: bool = False
    """Whether it ended before it had found all."""
    undecided: Literal["pass", "fail"] = "fail"
    """What the spec says of cases that exclude less than their tolerance."""

    @property
    def verdicts(self) -> dict[tuple[str, ...], Word]:
        """One word for each method and its options.

        Time and operations speak of speed, quality and memory of quality; operations where time is silent, memory
        where quality is.
        """
        metrics: dict[tuple[str, ...], dict[Metric, list[Word]]] = defaultdict(lambda: defaultdict(list))
        for finding in self.findings:
            metrics[finding.subject]["quality" if finding.judges else finding.metric].append(finding.word)
        return {subject: _word(words) for subject, words in metrics.items()}

    @property
    def word(self) -> Word:
        """One word for the whole: of the method that lost most, else no verdict, else a gain, else unchanged."""
        verdicts = self.verdicts
        lost = [one for one in self.findings if {one.word, verdicts[one.subject]} <= REGRESSIONS]
        return verdicts[max(lost, key=lambda one: one.size).subject] if lost else worst(verdicts.values())

    @property
    def status(self) -> int:
        """Exit status: 1 where anything got worse, 3 where something may have, or where nothing was looked at; else 0.

        What neither revision can give decides nothing. What is undecided counts as the spec says. Of an interrupted
        comparison it is 3.
        """
        if self.interrupted:
            return interrupts.STATUS
        looked = [finding for finding in self.findings if finding.word is not Word.NOT_MEASURED]
        if any(finding.word in REGRESSIONS for finding in looked):
            return 1
        forgiven = self.undecided == "pass"
        unclear = [
            finding for finding in looked if finding.word is Word.NO_VERDICT and not (forgiven and finding.undecided)
        ]
        return 3 if unclear or not looked else 0


def not_measured(findings: Iterable[Finding]) -> list[str]:
    """A line for each method and metric that neither revision can give, and why."""
    found = (finding for finding in findings if finding.word is Word.NOT_MEASURED)
    return list(dict.fromkeys(f"{one.metric} of {one.case.method} is not measured: {one.reason}" for one in found))


def _word(words: Mapping[Metric, list[Word]]) -> Word:
    return together(
        _first([worst(words.get("seconds", [])), worst(words.get("macs_per_pixel", []))]),
        _first([worst(words.get("quality", [])), worst(words.get("peak_bytes", []))]),
    )


def _first(words: list[Word]) -> Word:
    """The first word that calls a change or says that there is no verdict; else one that calls none."""
    return next((word for word in words if word in CHANGES or word is Word.NO_VERDICT), worst(words))
