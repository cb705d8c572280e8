"""Which method to take: the one that fits the limits of a question and what is next to it, or else what comes closest.

Numbers are compared as they are written, PSNR to two places and times to three digits, so that an answer never
contradicts the table beside it. The script of the page follows the same rules; a test holds the two together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from reports.derive.one_size import Timed

Limit = Literal["device", "licence", "memory", "budget", "quality"]
"""What a question can ask for; the first three decide what is left to choose from."""


@dataclass(frozen=True)
class Candidate:
    """One way to restore one kind of input, with its numbers as they are written."""

    name: str
    method: str
    kind: str
    """The task and what was done to the images, but for the noise: `denoise`, `upscale, bicubic ×2`."""
    sigma: float
    """Noise on the 8-bit scale; 0 where there is none."""
    db: float
    ms: float | None = None
    """Milliseconds for a megapixel of output; None where it was not timed."""
    low: float | None = None
    high: float | None = None
    """Ends of the 95 % interval of the median time."""
    mib: float | None = None
    """Peak memory for a megapixel of output; None where it was not measured."""
    licence: str = ""
    restricted: frozenset[str] = frozenset()
    """What its licence is: `gpl`, `noncommercial`."""
    device: str = "cpu"
    options: str = "{}"
    channels: int = 1
    scale: int = 1
    unsure: frozenset[str] = frozenset()
    """Names of rivals that are no better, and that it is not surely better than."""
    images: int = 1
    """How many images `db` is the mean of."""
    size: str = ""
    """At which `ms` was measured: `512 × 512`."""
    elsewhere: tuple[Timed, ...] = ()
    """Its times at other sizes, the nearest to 512 x 512 first."""

    @property
    def times(self) -> tuple[Timed, ...]:
        """Every time of it: the one that is shown, then those at other sizes."""
        return () if self.ms is None else (Timed(self.size, self.ms), *self.elsewhere)


@dataclass(frozen=True)
class Question:
    """What is asked for; None and empty are no limit. Times and memory are for an image of so many `megapixels`."""

    kind: str
    sigma: float = 0.0
    budget: float | None = None
    """Milliseconds."""
    quality: float | None = None
    """The least PSNR in dB."""
    memory: float | None = None
    """MiB."""
    without: frozenset[str] = frozenset()
    """Licences that are refused: `gpl`, `noncommercial`."""
    device: str = ""
    megapixels: float = 1.0

    @property
    def limits(self) -> tuple[Limit, ...]:
        """What is asked for."""
        stated: dict[Limit, bool] = {
            "device": bool(self.device), "licence": bool(self.without), "memory": self.memory is not None,
            "budget": self.budget is not None, "quality": self.quality is not None,
        }  # fmt: skip
        return tuple(limit for limit, there in stated.items() if there)


@dataclass(frozen=True)
class Choice:
    """The answer to a question."""

    question: Question
    left: tuple[Candidate, ...] = ()
    """What meets the limits of device, licence and memory."""
    front: tuple[Candidate, ...] = ()
    """The front of what is left; the fastest first."""
    chosen: Candidate | None = None
    better: Candidate | None = None
    """The fastest that is left and surely better than what was chosen."""
    cheaper: Candidate | None = None
    """The fastest that reaches the quality asked for, or else the best that is faster than what was chosen."""
    closest: tuple[tuple[Limit, Candidate], ...] = ()
    """Where nothing fits: for each limit what would fit without it, the closest to it."""
    unknown: tuple[tuple[Limit, int], ...] = ()
    """How many candidates a limit leaves out because what it limits was not measured."""


def choose(candidates: Iterable[Candidate], question: Question) -> Choice:
    """The answer: the best that fits the limits; of a quality without a budget, the fastest that reaches it."""
    rivals = [one for one in candidates if one.kind == question.kind and one.sigma == question.sigma]
    left = [one for one in rivals if _meets(one, question, ("device", "licence", "memory"))]
    chosen = first((one for one in left if _meets(one, question, ("budget", "quality"))), order(question))
    found = Choice(question, tuple(left), front(left), chosen, unknown=_unknown(rivals, question))
    if chosen is None:
        return replace(found, closest=tuple(_closest(rivals, question)))
    faster = [one for one in left if _time(one) < _time(chosen)]
    reaching = [one for one in faster if question.quality is not None and one.db >= question.quality]
    better = first((one for one in left if one.db > chosen.db and chosen.name not in one.unsure), _fastest)
    pool = (faster, best_first) if question.quality is None else (reaching, _fastest)
    return replace(found, better=better, cheaper=first(*pool))


def front(left: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """The steps of quality over time: of `rising`, each that is surely better than the step before it."""
    steps: list[Candidate] = []
    for one in rising(left):
        if not steps or steps[-1].name not in one.unsure:
            steps.append(one)
    return tuple(steps)


def rising(left: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """The timed candidates than which nothing is faster and as good, or as fast and better; the fastest first."""
    found: list[Candidate] = []
    for one in sorted((one for one in left if one.ms is not None), key=_fastest):
        if not found or one.db > found[-1].db:
            found.append(one)
    return tuple(found)


Order = Callable[[Candidate], tuple[float, float]]


def first(candidates: Iterable[Candidate], by: Order) -> Candidate | None:
    """The first in this order, and of equal ones the first given; None where there is none."""
    return min(candidates, key=by, default=None)


def three_digits(value: float) -> float:
    """`value` as it is written: to three digits, and whole from 100 on."""
    places = 2 - math.floor(math.log10(value)) if value > 0 else 0
    return round(value, min(max(places, 0), 12))


def order(question: Question) -> Order:
    """How candidates that fit are ranked: the best first, unless only a quality is asked for; then the fastest."""
    return _fastest if question.quality is not None and question.budget is None else best_first


def best_first(one: Candidate) -> tuple[float, float]:
    """Ranks the best first, and of equally good ones the fastest; what was not timed comes last of them."""
    return (-one.db, _time(one))


def _fastest(one: Candidate) -> tuple[float, float]:
    return (_time(one), -one.db)


def _time(one: Candidate) -> float:
    return math.inf if one.ms is None else one.ms


def _meets(one: Candidate, question: Question, limits: Sequence[Limit]) -> bool:
    """Whether a candidate meets those of the `limits` that the question states."""
    size = question.megapixels
    tests: dict[Limit, Callable[[], bool]] = {
        "device": lambda: one.device == question.device,
        "licence": lambda: not one.restricted & question.without,
        "memory": lambda: one.mib is not None and one.mib * size <= (question.memory or 0),
        "budget": lambda: one.ms is not None and one.ms * size <= (question.budget or 0),
        "quality": lambda: one.db >= (question.quality or 0),
    }
    return all(tests[limit]() for limit in limits if limit in question.limits)


def _closest(rivals: list[Candidate], question: Question) -> Iterable[tuple[Limit, Candidate]]:
    """For each limit what meets all the others and comes closest to it."""
    by: dict[Limit, Order] = {"memory": lambda one: (one.mib or 0, -one.db), "budget": _fastest, "quality": best_first}
    for limit in question.limits:
        others = [one for one in question.limits if one != limit]
        fitting = (one for one in rivals if _meets(one, question, others) and _known(one, limit))
        if one := first(fitting, by.get(limit, order(question))):
            yield limit, one


def _known(one: Candidate, limit: Limit) -> bool:
    return {"memory": one.mib, "budget": one.ms}.get(limit, 0) is not None


def _unknown(rivals: list[Candidate], question: Question) -> tuple[tuple[Limit, int], ...]:
    counts = ((limit, sum(not _known(one, limit) for one in rivals)) for limit in question.limits)
    return tuple((limit, count) for limit, count in counts if count)
