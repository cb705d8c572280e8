"""Times calls: one, several for a mean, over and over for a while, or several methods in turn.

Every raw sample says which phase it is of; medians are made later, from `measure` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from bench.machine.clock import Clock
from bench.plan.case import Case, Phase, Reading
from restoration.catalog import get

if TYPE_CHECKING:
    from restoration.method import Restore

Call = Callable[[], object]
"""Whatever is timed; its result is dropped within the time."""

LEAST = 3
"""Calls that `repeated` makes at least."""


def seconds_per_call(call: Call, clock: Clock, *, calls: int = 1) -> float:
    """The mean over `calls` calls, one right after the other."""
    begin = clock()
    for _ in range(calls):
        call()
    return (clock() - begin) / calls


def repeated(call: Call, clock: Clock, *, seconds: float) -> list[float]:
    """Seconds of each of the calls that fit into `seconds`, at least `LEAST`, after one that is not counted."""
    call()
    times: list[float] = []
    while len(times) < LEAST or sum(times) < seconds:
        times.append(seconds_per_call(call, clock))
    return times


def in_turn(samples: Sequence[Callable[[], float]], order: Iterable[int]) -> list[float]:
    """One sample of each, taken in `order` (positions in `samples`), returned in their own order."""
    times = {place: samples[place]() for place in order}
    return [times[place] for place in range(len(samples))]


def built(case: Case, clock: Clock) -> tuple[Restore, Reading]:
    """The method of a case, built, and how long that took."""
    method = get(case.method)
    begin = clock()
    restore = method.build(method.checked(case.setup()))
    return restore, sample("build", clock() - begin)


def warm_up(call: Call, clock: Clock, *, calls: int) -> Iterator[Reading]:
    """The first call and `calls` more, kept and marked, and left out of every statistic."""
    yield sample("first", seconds_per_call(call, clock))
    for repeat in range(calls):
        yield sample("warmup", seconds_per_call(call, clock), repeat)


def sample(phase: Phase, seconds: float, repeat: int = 0, note: str = "") -> Reading:
    """A reading of one timed call."""
    return Reading("seconds", seconds, "s", phase=phase, repeat=repeat, note=note)
