"""How many cases a spec has, and about how long they take here, before any is measured."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from bench.machine.threads import usable_cores
from bench.plan.case import Case
from bench.plan.experiments import seconds_of
from bench.plan.spec import Spec
from restoration.catalog import get
from restoration.errors import RestorationError

_MACS_PER_SECOND = 2e10
"""Of one core on networks and transforms; within a factor of 3 on machines of the last ten years."""

_PIXELS_PER_SECOND = 3e6
"""What a case without a closed form, and scoring any image, is taken to do."""

_USUAL_PIXELS = 512 * 512
"""Where the image decides."""

_FIXED = {"cost": 1.0, "time": 0.3, "paired": 0.3, "memory": 3.0, "layers": 1.0, "quality": 0.005}
"""Seconds that a case of each kind takes however small it is."""

_CALLS = {"cost": 10, "time": 9, "paired": 1, "memory": 2, "layers": 12, "quality": 1}
"""How often a case of each kind calls its method at least."""


@dataclass(frozen=True)
class Forecast:
    """Cases and seconds of one kind."""

    kind: str
    cases: int
    seconds: float
    """About; within a factor of 3 where operations are known."""


def forecast(spec: Spec, cases: Iterable[Case], *, jobs: int = 0) -> tuple[Forecast, ...]:
    """One forecast for each kind that the spec has; quality is spread over `jobs` processes (0: one a core)."""
    spread = jobs or usable_cores()
    seconds: dict[str, list[float]] = defaultdict(list)
    known: dict[tuple[object, ...], float] = {}
    blocks = {
        case: section.blocks for section in spec.paired for case in section.cases(spec.device, spec.thread_count())
    }
    for case in cases:
        key = (case.kind, case.method, case.options, case.height, case.width, case.scale, case.channels)
        if key not in known:
            known[key] = _seconds(case, blocks.get(case, 1))
        usual = max(known[key], spec.round_seconds) if case.kind == "time" else known[key]
        seconds[case.kind].append(usual / (spread if case.kind == "quality" else 1))
    return tuple(Forecast(kind, len(each), sum(each)) for kind, each in seconds.items())


def in_words(forecasts: Iterable[Forecast]) -> str:
    """`134 cases (24 cost, 110 quality), about 3 minutes`."""
    found = tuple(forecasts)
    parts = ", ".join(f"{entry.cases:,} {entry.kind}" for entry in found)
    return f"{sum(entry.cases for entry in found):,} cases ({parts}), about {_duration(sum(e.seconds for e in found))}"


def _seconds(case: Case, blocks: int) -> float:
    if case.kind == "experiment":
        return seconds_of(case.method)
    pixels = case.height * case.width or _USUAL_PIXELS
    once = pixels / _PIXELS_PER_SECOND if case.kind == "quality" else 0.0
    macs = _macs_per_pixel(case)
    once += pixels / _PIXELS_PER_SECOND if macs is None else macs * pixels / _MACS_PER_SECOND
    return _FIXED[case.kind] + _CALLS[case.kind] * blocks * once


def _macs_per_pixel(case: Case) -> float | None:
    method = get(case.method)
    try:
        return method.macs_per_pixel(method.checked(case.setup())) if method.macs_per_pixel else None
    except RestorationError:  # weights that are not here; the case will say so
        return None


def _duration(seconds: float) -> str:
    steps = {"days": 86400, "hours": 3600, "minutes": 60}
    for unit, length in steps.items():
        if seconds >= 1.5 * length:
            return f"{round(seconds / length)} {unit}"
    return f"{max(2, round(seconds))} seconds"
