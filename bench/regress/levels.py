"""Whether a run fits its history: the level and the noise of each series, and where its level changed.

A series has its own noise, estimated from the differences between neighbouring runs; PELT (Killick et al. 2012) finds
where its level changed for good.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

from bench.errors import BenchError, NoVerdictError
from bench.machine.environment import Environment
from bench.plan.spec import Tolerance
from bench.regress.findings import BIGGER_IS_BETTER, RELATIVE, Metric
from bench.regress.history import Entry
from bench.regress.verdict import student_quantile
from bench.talk import counted
from reports.derive.verdict_words import CALLED_FROM, Word

LEAST_RUNS = 5
"""Runs that a series needs before a new one is judged: fewer do not show its noise."""

_CONFIDENCE = 0.95

_LARGEST = 700.0
"""The largest logarithm whose number is finite, about."""

Ends = tuple[int, ...]


@dataclass(frozen=True)
class Level:
    """Where a series stands since its last change point."""

    value: float
    """Its mean, on the scale of `_scaled`."""
    noise: float
    """Standard deviation of one run, on the same scale."""
    runs: int
    """How many runs the level rests on."""
    freedom: int
    changes: Ends
    """Positions in the series at which its level changed."""


def comparable(entry: Entry, history: Sequence[Entry], *, other_machine: bool) -> list[Entry]:
    """The entries that `entry` may be judged by: those of its own environment, or all with `other_machine`.

    Raises `NoVerdictError`, naming the fields that differ from the newest entry, where there are only others.
    """
    before = [known for known in history if known.run != entry.run]
    same = [known for known in before if known.fingerprint == entry.fingerprint]
    if same or not before or other_machine:
        return before if other_machine else same
    newest = before[-1]
    here = Environment(stable=entry.environment, state={})
    fields = here.differences(Environment(stable=newest.environment, state={}))
    pairs = (f"{key}: {newest.environment.get(key)!r} there, {entry.environment.get(key)!r} here" for key in fields)
    raise NoVerdictError(
        f"the history holds no run of this environment ({entry.fingerprint}); its newest, {newest.run}, differs in "
        f"{'; '.join(pairs)}; --allow-other-machine compares all the same"
    )


@dataclass(frozen=True)
class Trend:
    """A series from its first run to its last."""

    spans: tuple[tuple[int, int, float, float, float], ...]
    """Each level: its first run, the one after its last, the value, and both ends of what 95 % of single runs keep."""
    shifts: tuple[tuple[int, float, str, float], ...]
    """Each change of level: the run it begins with, the change (relative or a difference), the word for it, and how
    many tolerances it is."""
    noise: str
    """Standard deviation of one run, as people read it; empty where the runs of a level do not differ."""
    note: str = ""
    """Why no change was looked for."""


def check(entry: Entry, history: Sequence[Entry]) -> list[dict[str, object]]:
    """One record for each series of `entry` and of the newest of `history`: its level, its noise and the verdict."""
    names = list(entry.series)
    names += [name for name in (history[-1].series if history else {}) if name not in entry.series]
    return [_judged(name, entry, history, family=len(names)) for name in names]


def overview(history: Sequence[Entry], text: str = "") -> list[dict[str, object]]:
    """One record for each series whose name holds `text`, by environment: its level, noise, and last change."""
    records = []
    for fingerprint in dict.fromkeys(entry.fingerprint for entry in history):
        entries = [entry for entry in history if entry.fingerprint == fingerprint]
        for name in dict.fromkeys(name for entry in entries for name in entry.series if text in name):
            having = [entry for entry in entries if name in entry.series]
            records.append(_overview(name, fingerprint, having))
    return records


def trend(name: str, entries: Sequence[Entry]) -> Trend:
    """A series over runs that all have it, oldest first: its levels, its changes, and its noise."""
    points = [entry.series[name] for entry in entries]
    metric, tolerance = points[-1].metric, _limit(points[-1].metric, entries[-1].tolerance)
    values = [_scaled(metric, point.value) for point in points]
    note = ""
    try:
        level = level_of(values, least_noise=_least_noise(tolerance))
    except BenchError as error:  # the package that finds changes is not there
        spread = max(_least_noise(tolerance), _noise(values))
        level, note = Level(fmean(values), spread, len(values), max(1, len(values) - 1), ()), str(error)
    cuts = (0, *level.changes, len(values))
    means = [fmean(values[start:end]) for start, end in pairwise(cuts)]
    half = student_quantile(1 - (1 - _CONFIDENCE) / 2, level.freedom) * level.noise
    spans = [
        (start, end, _unscaled(metric, mean), _unscaled(metric, mean - half), _unscaled(metric, mean + half))
        for (start, end), mean in zip(pairwise(cuts), means, strict=True)
    ]
    shifts = [
        _shift(metric, at, (before, after), entries[-1].tolerance)
        for at, (before, after) in zip(level.changes, pairwise(means), strict=True)
    ]
    noise = _shown(metric, level.noise) if level.noise > _least_noise(tolerance) else ""
    return Trend(tuple(spans), tuple(shifts), noise, note)


def status(records: Sequence[Mapping[str, object]]) -> int:
    """Exit status of a check: 1 for a regression, 3 where something has no verdict, 0 otherwise."""
    words = {record["verdict"] for record in records}
    if words & {Word.SLOWER, Word.WORSE}:
        return 1
    return 3 if Word.NO_VERDICT in words or not words else 0


def level_of(values: Sequence[float], *, least_noise: float) -> Level:
    """Where a series (on the scale of `_scaled`) stands since it last changed; `least_noise` bounds its noise below.

    The noise is that of neighbouring runs' differences, by their median, so that neither a change of level nor a
    single bad run adds to it.
    """
    noise = max(least_noise, _noise(values))
    ends = _change_points([value / noise for value in values])
    current = values[ends[-1] if ends else 0 :]
    return Level(fmean(current), noise, len(current), max(1, len(values) - 1 - len(ends)), ends)


def _judged(name: str, entry: Entry, history: Sequence[Entry], *, family: int) -> dict[str, object]:
    point = entry.series.get(name)
    past = [known.series[name] for known in history if name in known.series]
    metric = point.metric if point else past[-1].metric
    record: dict[str, object] = {
        "series": name, "runs": len(past), "value": point.value if point else None, "expected": None, "noise": "",
        "change": "", "detectable": "", "verdict": str(Word.NO_VERDICT), "reason": "",
    }  # fmt: skip
    if point is None:
        return {**record, "reason": "absent from this run"}
    if len(past) < LEAST_RUNS:
        return {**record, "reason": f"only {counted(len(past), 'earlier run')}, {LEAST_RUNS} are needed"}
    tolerance = _limit(metric, entry.tolerance)
    call = CALLED_FROM * tolerance
    least = _least_noise(tolerance)
    level = level_of([_scaled(metric, known.value) for known in past], least_noise=least)
    change = _scaled(metric, point.value) - level.value
    quantile = student_quantile(1 - (1 - _CONFIDENCE) / 2 / family, level.freedom)
    noticed = quantile * level.noise * math.sqrt(1 + 1 / level.runs)
    detectable = max(call, noticed)
    word = _word(metric, change) if abs(change) > detectable else Word.UNCHANGED
    if word is Word.UNCHANGED and noticed > tolerance and level.noise > least:
        record["reason"] = "the noise of this series hides changes as large as the tolerance"
        word = Word.NO_VERDICT
    return {
        **record, "expected": _unscaled(metric, level.value), "noise": _shown(metric, level.noise),
        "change": _shown(metric, change, sign="+"), "detectable": _shown(metric, detectable), "verdict": str(word),
    }  # fmt: skip


def _overview(name: str, fingerprint: str, entries: Sequence[Entry]) -> dict[str, object]:
    points = [entry.series[name] for entry in entries]
    metric = points[-1].metric
    least = _least_noise(_limit(metric, entries[-1].tolerance))
    values = [_scaled(metric, point.value) for point in points]
    level = level_of(values, least_noise=least)
    changed = ""
    if level.changes:
        at = level.changes[-1]
        before = values[level.changes[-2] if len(level.changes) > 1 else 0 : at]
        entry = entries[at]
        changed = f"{_shown(metric, level.value - fmean(before), sign='+')} at {entry.revision or entry.run}"
    return {
        "series": name, "environment": fingerprint, "runs": len(points), "level": _unscaled(metric, level.value),
        "newest": points[-1].value, "noise": _shown(metric, level.noise), "last change": changed,
    }  # fmt: skip


def _shift(metric: Metric, at: int, levels: tuple[float, float], limits: Tolerance) -> tuple[int, float, str, float]:
    """A change of level with its word: one below two thirds of the tolerance is none that matters.

    Operations have no tolerance: how much they changed is set against that of time.
    """
    before, change, tolerance = levels[0], levels[1] - levels[0], _limit(metric, limits)
    word = _word(metric, change) if abs(change) > CALLED_FROM * tolerance else Word.UNCHANGED
    shown = math.expm1(min(change, _LARGEST)) if metric in RELATIVE else change
    counted = metric == "macs_per_pixel"
    size = abs(change / before) / max(limits.time, 1e-9) if counted and before else abs(change) / max(tolerance, 1e-9)
    return at, shown, str(word), size


def _noise(values: Sequence[float]) -> float:
    """Standard deviation of one value, from the median distance of neighbours (of Gaussian noise: sqrt(2) 0.6745)."""
    steps = [abs(after - before) for before, after in pairwise(values)]
    return median(steps) / (0.6745 * math.sqrt(2)) if steps else 0.0


def _change_points(values: Sequence[float]) -> Ends:
    """Where a series of unit noise changed its level, by PELT with least squares; the penalty is 4 log n."""
    if len(values) < LEAST_RUNS:
        return ()
    import numpy as np

    try:
        import ruptures
    except ImportError as error:
        raise BenchError("change points need the package ruptures: pip install 'restobench[history]'") from error
    found = ruptures.Pelt(model="l2", min_size=2, jump=1).fit(np.asarray(values))
    return tuple(found.predict(pen=4 * math.log(len(values)))[:-1])


def _scaled(metric: Metric, value: float) -> float:
    """On the scale on which noise is alike at all sizes: logarithms of what is compared relatively."""
    return math.log(max(value, 1e-12)) if metric in RELATIVE else value


def _unscaled(metric: Metric, value: float) -> float:
    return math.exp(min(value, _LARGEST)) if metric in RELATIVE else value


def _shown(metric: Metric, change: float, sign: str = "") -> str:
    return f"{100 * math.expm1(change):{sign}.2f} %" if metric in RELATIVE else f"{change:{sign}.4g}"


def _limit(metric: Metric, tolerance: Tolerance) -> float:
    limits: Mapping[Metric, float] = {
        "seconds": math.log1p(tolerance.time),
        "psnr_db": tolerance.psnr_db,
        "macs_per_pixel": tolerance.macs_per_pixel,
        "peak_bytes": math.log1p(tolerance.memory),
    }
    return limits[metric]


def _least_noise(tolerance: float) -> float:
    """Noise below which a series is taken to be exact."""
    return max(tolerance / 1000, 1e-9)


def _word(metric: Metric, change: float) -> Word:
    gained = (change > 0) is (metric in BIGGER_IS_BETTER)
    if metric in {"seconds", "macs_per_pixel"}:
        return Word.FASTER if gained else Word.SLOWER
    return Word.BETTER if gained else Word.WORSE
