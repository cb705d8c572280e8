"""How many cases a spec has, and about how long they take here, before any is measured."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from bench.machine.threads import usable_cores
from bench.plan.case import Case
from bench.plan.experiments import seconds_of
from bench.plan.spec import Spec
from bench.talk import counted
from restoration.catalog import get
from restoration.errors import RestorationError

_MACS_PER_SECOND = {"fast": 3e10, "plain": 8e9}
"""Of one core: in a method's usual form, and where its options ask for the dense or plain one."""

_SECONDS_PER_MEGAPIXEL: Mapping[str, float] = {
    "wavelet": 0.25, "tv": 0.1, "nlm": 2.5, "xphoto-dct": 3.0, "bm3d": 50.0, "bicubic": 0.04, "lanczos": 0.04,
    "ffmpeg-dctdnoiz": 1.6, "ffmpeg-nlmeans": 0.8, "ffmpeg-bm3d": 1.8, "ffmpeg-null": 0.01, "dfttest2": 0.03,
    "dct-learnt-transform": 22.0, "dct-learnt-transform-wiener": 58.0,
}  # fmt: skip
"""Of one core and one channel, for methods whose operations say little of their time, or that have no closed form."""

_UNKNOWN = 1.0
"""Seconds per megapixel of a method that is neither counted nor listed."""

_SCORING = 0.08
"""Seconds per megapixel that scoring an image takes."""

_FIXED = {"cost": 0.8, "time": 0.3, "paired": 0.5, "memory": 9.0, "layers": 6.0, "quality": 0.005}
"""Seconds that a case of each kind takes however small it is; memory and layers start processes."""

_COLD = 4.0
"""Seconds from the start of a process to its first restored image."""

_CALLS = {"cost": 1, "time": 10, "paired": 5, "memory": 10, "layers": 60, "quality": 1}
"""How many calls of its method a case of each kind is worth, a group's blocks and a spec's queries apart."""


@dataclass(frozen=True)
class Forecast:
    """Cases and seconds of one kind."""

    kind: str
    cases: int
    seconds: float
    """About; the sum over a shipped spec comes out within a factor of 2 on machines of the last ten years."""


def forecast(spec: Spec, cases: Iterable[Case], pixels: Callable[[str], int], *, jobs: int = 0) -> tuple[Forecast, ...]:
    """One forecast for each kind that the spec has; `pixels` tells how many an image has.

    Quality is spread over `jobs` processes (0: one a core).
    """
    return summed(each_case(spec, cases, pixels, jobs=jobs))


def summed(cases: Iterable[tuple[Case, float]]) -> tuple[Forecast, ...]:
    """One forecast for each kind among cases with their seconds."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for case, usual in cases:
        seconds[case.kind].append(usual)
    return tuple(Forecast(kind, len(each), sum(each)) for kind, each in seconds.items())


def each_case(
    spec: Spec, cases: Iterable[Case], pixels: Callable[[str], int], *, jobs: int = 0
) -> Iterator[tuple[Case, float]]:
    """Each case with the seconds by which it is forecast to lengthen the run; arguments as for `forecast`."""
    spread = jobs or usable_cores()
    known: dict[tuple[object, ...], float] = {}
    blocks = {
        case: section.blocks for section in spec.paired for case in section.cases(spec.device, spec.thread_count())
    }
    for case in cases:
        size = case.height * case.width or (pixels(case.image) if case.image else 0)
        key = (case.kind, case.method, case.options, size, case.scale, case.channels, case.threads, case.batch)
        if key not in known:
            known[key] = _seconds(case, size * case.batch, blocks.get(case, spec.queries if case.kind == "time" else 0))
        usual = max(known[key], spec.round_seconds) + _COLD * spec.cold_starts if case.kind == "time" else known[key]
        yield case, usual / (spread if case.kind == "quality" else 1)


def in_words(forecasts: Iterable[Forecast]) -> str:
    """`134 cases (24 cost, 110 quality), about 3 minutes`."""
    found = tuple(forecasts)
    parts = ", ".join(f"{entry.cases:,} {entry.kind}" for entry in found)
    cases = counted(sum(entry.cases for entry in found), "case")
    return f"{cases} ({parts}), about {_duration(sum(entry.seconds for entry in found))}"


def _seconds(case: Case, pixels: int, more: int) -> float:
    if case.kind == "experiment":
        return seconds_of(case.method)
    once = pixels * _seconds_per_pixel(case)
    scoring = pixels * _SCORING / 1e6 if case.kind == "quality" else 0.0
    return _FIXED[case.kind] + (_CALLS[case.kind] + more) * once + scoring


def _seconds_per_pixel(case: Case) -> float:
    listed = _SECONDS_PER_MEGAPIXEL.get(case.method)
    macs = None if listed else _macs_per_pixel(case)
    if macs is None:
        return (listed or _UNKNOWN) * case.channels / case.threads / 1e6
    slow = {"dense", "plain"}.intersection(map(str, case.option_values().values()))
    return macs / (_MACS_PER_SECOND["plain" if slow else "fast"] * case.threads)


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
