"""Times calls: one, several for a mean, over and over for a while, or several methods in turn.

Every raw sample says which phase it is of; medians are made later, from `measure` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from bench.machine.clock import Clock
from bench.measure.outputs import changed, checked, input_written
from bench.plan.case import Case, Phase, Reading
from restoration.catalog import get

if TYPE_CHECKING:
    import torch

    from restoration.method import Restore

T = TypeVar("T")

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


def in_turn(samples: Sequence[Callable[[], T]], order: Iterable[int]) -> list[T]:
    """One sample of each, taken in `order` (positions in `samples`), returned in their own order."""
    found = {place: samples[place]() for place in order}
    return [found[place] for place in range(len(samples))]


def back_and_forth(samples: Sequence[Callable[[], T]], turn: int) -> list[T]:
    """As `in_turn`, forwards in odd turns and backwards in even ones, so that drift favours none."""
    order = range(len(samples))
    return in_turn(samples, order if turn % 2 else reversed(order))


def built(case: Case, clock: Clock) -> tuple[Restore, Reading]:
    """The method of a case, built, and how long that took."""
    method = get(case.method)
    begin = clock()
    restore = method.build(method.checked(case.setup()))
    return restore, sample("build", clock() - begin)


def warm_up(
    case: Case, restore: Restore, batch: torch.Tensor, clock: Clock, *, calls: int
) -> tuple[list[Reading], bool]:
    """The first call and `calls` more, kept and marked, and left out of every statistic; the last output is checked.

    They are shown a copy of `batch`. The second value says whether the method wrote into it. Raises `OutputError`.
    """
    shown, restored = batch.clone(), None

    def call() -> None:
        nonlocal restored
        restored = restore(shown)

    readings = [sample("first", seconds_per_call(call, clock))]
    readings += [sample("warmup", seconds_per_call(call, clock), repeat) for repeat in range(calls)]
    checked(case.method, restored, batch, scale=case.scale)
    written = changed(shown, batch)
    return [*readings, *([input_written()] if written else [])], written


def sample(phase: Phase, seconds: float, repeat: int = 0, note: str = "") -> Reading:
    """A reading of one timed call."""
    return Reading("seconds", seconds, "s", phase=phase, repeat=repeat, note=note)
