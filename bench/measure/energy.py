"""Joules of a call: calls repeated after the timed ones, between two readings of each counter of the machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from bench.errors import one_line
from bench.machine.clock import Clock
from bench.machine.energy import Counter, EnergyError
from bench.measure.calls import Call
from bench.plan.case import Reading
from bench.talk import counted

STEPS = 20
"""Steps of a counter that the repeated calls last at least: what falls between two steps is then 5 % at most."""

LEAST_SECONDS = 0.5
"""How long the calls last at least, so that a moment's other work does not decide."""

MOST_CALLS = 1_000_000


def joules(
    call: Call, counters: Sequence[Counter], clock: Clock, *, wait: Callable[[], object] = lambda: None
) -> Iterator[Reading]:
    """`joules` of one call by each counter: the mean of calls that last `LEAST_SECONDS` and `STEPS` steps of each.

    All that the chip does meanwhile is in it, idle too. A counter that is gone, or stands still, has no value and
    a reason. `wait` waits for the device to finish. Without counters nothing is called.
    """
    if not counters:
        return
    least = max(LEAST_SECONDS, STEPS * max(counter.period for counter in counters))
    before = [_read(counter) for counter in counters]
    begin, calls = clock(), 0
    while calls == 0 or (clock() - begin < least and calls < MOST_CALLS):
        call()
        wait()
        calls += 1
    seconds = clock() - begin
    for counter, begun in zip(counters, before, strict=True):
        yield _reading(counter, begun, calls, seconds)


def _read(counter: Counter) -> float | EnergyError:
    try:
        return counter.read()
    except EnergyError as error:
        return error


def _reading(counter: Counter, begun: float | EnergyError, calls: int, seconds: float) -> Reading:
    """What `counter` counted since `begun`, for one call."""
    try:
        if isinstance(begun, EnergyError):
            raise begun
        passed = counter.passed(begun, counter.read())
    except EnergyError as error:
        return Reading("joules", None, "J", part=counter.name, note=one_line(error))
    if not passed:
        note = f"too short to tell: the counter did not move in {seconds:.3g} s"
        return Reading("joules", None, "J", part=counter.name, note=note)
    note = f"mean of {counted(calls, 'call')} in {seconds:.3g} s, idle included"
    return Reading("joules", passed / calls, "J", part=counter.name, note=note)
