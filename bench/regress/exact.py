"""What is compared without a clock: quality per image on identical noise, operations, memory.

Images are degraded and scored here, once and by the same code for both revisions; a revision only restores.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from bench.errors import one_line
from bench.machine.fresh_process import Failure
from bench.measure.image_set import ImageSet
from bench.measure.inputs import degraded
from bench.measure.quality import grouped
from bench.measure.scores import scores
from bench.plan.case import Case, FailedReading, Reading
from bench.plan.spec import Tolerance
from bench.regress.findings import INTERRUPTED, Finding, Interval, Score
from bench.regress.side import Side
from bench.talk import counted
from reports.derive.verdict_words import CHANGES, Word, difference, of_memory, of_operations, of_quality, relative
from restoration.errors import OptionError, ScaleError, ShapeError, UnknownMethodError
from restoration.metrics import Metric, chosen

_ABSENT = frozenset(kind.__name__ for kind in (UnknownMethodError, OptionError, ScaleError, ShapeError))
"""Errors of a revision that does not have a method, or not with these options."""


_Scores = Mapping[str, tuple[float, float] | str]
"""By metric the scores of base and of head of one image, or why there are not two."""


@dataclass(frozen=True)
class Sides:
    """Base and head, asked the same at the same time."""

    base: Side
    head: Side

    def ask(self, request: str, *arguments: object) -> tuple[Any, Any] | str:
        """Both answers, or in words why there are not two."""
        return both(*self.both(request, *arguments))

    def both(self, request: str, *arguments: object) -> tuple[Any, Any]:
        """Both answers, whatever they are."""
        for side in (self.base, self.head):
            side.send(request, *arguments)
        return self.base.receive(), self.head.receive()


def both(base: object, head: object) -> tuple[Any, Any] | str:
    """Two answers, or in words which of them failed."""
    if isinstance(base, Failure) and isinstance(head, Failure):
        return f"failed in both: {head.error}"
    for side, answer in (("base", base), ("head", head)):
        if isinstance(answer, Failure):
            return f"{'failed in' if _ABSENT.isdisjoint(answer.kinds) else 'absent from'} {side}: {answer.error}"
    return base, head


def quality(
    sides: Sides, cases: Sequence[Case], images: ImageSet, tolerance: Tolerance, tick: Callable[[], None]
) -> Iterator[Finding]:
    """One finding for each method, noise level, degradation and metric, over all images or those before an interrupt.

    The metrics are those that a spec names, or else PSNR; of a metric that lacks something here, there is none.
    """
    scored: dict[Case, dict[str, _Scores | str]] = defaultdict(dict)
    wanted = Counter(replace(case, image="", seed=0) for case in cases)
    interrupt: KeyboardInterrupt | None = None
    try:
        for group in grouped(cases):
            for case, answer in _scored(sides, group, images, tick):
                scored[replace(case, image="", seed=0)][f"{case.image} seed {case.seed}"] = answer
    except KeyboardInterrupt as raised:
        interrupt = raised
    for case, by_image in scored.items():
        for metric in _judging(case):
            own = {
                image: answer if isinstance(answer, str) else answer[metric.name] for image, answer in by_image.items()
            }
            finding = _quality_finding(case, metric, own, _tolerance(metric, tolerance))
            if len(by_image) < wanted[case]:
                why = f"{INTERRUPTED} after {len(by_image)} of {counted(wanted[case], 'image')}"
                finding = replace(finding, word=Word.NO_VERDICT, reason=why)
            yield finding
    if interrupt:
        raise interrupt


def operations(
    sides: Sides, cases: Iterable[Case], tolerance: Tolerance, tick: Callable[[], None]
) -> Iterator[Finding]:
    """One finding for each cost case: the counter that changed most, or the first."""
    for case in cases:
        answer = sides.ask("costs", case)
        if isinstance(answer, str):
            yield Finding(case, "macs_per_pixel", Word.NO_VERDICT, reason=answer)
        else:
            base, head = (_by_part(readings, "macs_per_pixel") for readings in answer)
            yield _operations_finding(case, base, head, tolerance.macs_per_pixel)
        tick()


def memory(sides: Sides, cases: Iterable[Case], tolerance: Tolerance, tick: Callable[[], None]) -> Iterator[Finding]:
    """One finding for each memory case; an apparent change is measured twice more, and the lowest peak counts."""
    for case in cases:
        finding = _memory_finding(case, [sides.ask("memory", case)], tolerance)
        if finding.word in CHANGES:
            finding = _memory_finding(case, [sides.ask("memory", case) for _ in range(2)], tolerance, finding)
        yield finding
        tick()


def _scored(
    sides: Sides, group: Sequence[Case], images: ImageSet, tick: Callable[[], None]
) -> Iterator[tuple[Case, _Scores | str]]:
    """The scores of both sides for each case of a group, which share the degraded image."""
    try:
        clean = images.get(group[0].image, group[0].channels)
        noisy = degraded(replace(group[0], dtype="float32", device="cpu"), clean)[None].numpy()
    except Exception as error:  # noqa: BLE001 - any error of an image is reported by its cases
        yield from ((case, one_line(error)) for case in group)
        return
    for case in group:
        answer = sides.ask("restored", case, noisy)
        if isinstance(answer, str):
            yield case, answer
        else:
            base, head = (torch.from_numpy(array)[0] for array in answer)
            yield case, _both_scores(case, base, head, clean)
        tick()


def _both_scores(case: Case, base: Tensor, head: Tensor, clean: Tensor) -> _Scores:
    """By metric the scores of base and of head, or why there are not two."""
    sides = [{one.quantity: one for one in scores(case, restored, clean)} for restored in (base, head)]
    return {name: _pair(*(side[name] for side in sides)) for name in sides[0]}


def _pair(base: Reading | FailedReading, head: Reading | FailedReading) -> tuple[float, float] | str:
    for side, reading in (("base", base), ("head", head)):
        if isinstance(reading, FailedReading):
            return f"failed in {side}: {reading.error}"
        if reading.value is None:
            return reading.note
    assert isinstance(base, Reading) and isinstance(head, Reading)  # noqa: S101, PT018 - the others have returned
    return base.value or 0.0, head.value or 0.0


def _judging(case: Case) -> tuple[Metric, ...]:
    """The metrics that decide over a case: PSNR, or those that a spec names and of which one way is better."""
    named = chosen(case.metric_names() if case.metrics else ("psnr_db",))
    return tuple(metric for metric in named if metric.better and not metric.missing())


def _tolerance(metric: Metric, tolerance: Tolerance) -> float:
    """What of a metric is no change: of PSNR what the spec says, of others one unit of the last digit of a table."""
    return tolerance.psnr_db if metric.name == "psnr_db" else float(10**-metric.digits)


def _quality_finding(
    case: Case, metric: Metric, by_image: Mapping[str, tuple[float, float] | str], tolerance: float
) -> Finding:
    score = Score(metric.unit, metric.better == "bigger")
    failed = [f"{image}: {answer}" for image, answer in by_image.items() if isinstance(answer, str)]
    if failed:
        return Finding(case, metric.name, Word.NO_VERDICT, reason=failed[0], score=score)
    values = {image: answer for image, answer in by_image.items() if not isinstance(answer, str)}
    # Equal infinities are no change: their difference would be undefined.
    changes = {image: 0.0 if base == head else head - base for image, (base, head) in values.items()}
    low, high, mean = min(changes.values()), max(changes.values()), fmean(changes.values())
    gains = changes.values() if score.bigger_is_better else [-change for change in changes.values()]
    word = of_quality(gains, tolerance)
    base, head = (fmean(value[side] for value in values.values()) for side in (0, 1))
    most = max(changes, key=lambda image: abs(changes[image]))
    reason = "" if word is Word.UNCHANGED else f"most on {most}: {changes[most]:+.4f} {metric.unit}".rstrip()
    return Finding(
        case, metric.name, word, base, head, mean, Interval(low, high), Interval(0, 0), tolerance, reason=reason,
        score=score,
    )  # fmt: skip


def _operations_finding(
    case: Case, base: Mapping[str, float | None], head: Mapping[str, float | None], tolerance: float
) -> Finding:
    before, after = _known(base), _known(head)
    lost = [part for part in before if part not in after]
    pairs = {part: (before[part], after[part]) for part in after if part in before}
    if not before and not after:
        return Finding(case, "macs_per_pixel", Word.NOT_MEASURED, reason="no counter counts either revision")
    if lost or not pairs:
        side, parts = ("head", lost) if lost else ("base", list(after))
        return Finding(case, "macs_per_pixel", Word.NO_VERDICT, reason=f"not counted in {side} by {' or '.join(parts)}")
    changes = {part: difference(*values) for part, values in pairs.items()}
    part = max(changes, key=lambda part: abs(changes[part]))
    word = of_operations(*pairs[part], tolerance)
    return Finding(
        case, "macs_per_pixel", word, *pairs[part], changes[part], floor=Interval(0, 0), detectable=tolerance,
        reason="" if word is Word.UNCHANGED else f"counted by {part}",
    )  # fmt: skip


def _known(parts: Mapping[str, float | None]) -> dict[str, float]:
    return {part: value for part, value in parts.items() if value is not None}


def _memory_finding(
    case: Case, answers: Sequence[tuple[Any, Any] | str], tolerance: Tolerance, before: Finding | None = None
) -> Finding:
    failed = [answer for answer in answers if isinstance(answer, str)]
    if failed:
        return Finding(case, "peak_bytes", Word.NO_VERDICT, reason=failed[0])
    peaks = [[_peak(readings) for readings in answer] for answer in answers if not isinstance(answer, str)]
    if not any(peak for pair in peaks for peak in pair):
        return Finding(case, "peak_bytes", Word.NOT_MEASURED, reason="the peak lies below what can be told apart")
    if missing := [side for pair in peaks for side, peak in zip(("base", "head"), pair, strict=True) if peak is None]:
        return Finding(case, "peak_bytes", Word.NO_VERDICT, reason=f"no peak could be measured in {missing[0]}")
    if before:
        peaks.append([before.base, before.head])
    base, head = (min(pair[side] or 0.0 for pair in peaks) for side in (0, 1))
    word = of_memory(base, head, tolerance.memory)
    return Finding(case, "peak_bytes", word, base, head, relative(base, head), detectable=tolerance.memory)


def _peak(readings: Iterable[Reading]) -> float | None:
    parts = _by_part(readings, "peak_bytes")
    return parts.get("measured", next(iter(parts.values()), None))


def _by_part(readings: Iterable[Reading], quantity: str) -> dict[str, float | None]:
    return {reading.part: reading.value for reading in readings if reading.quantity == quantity}
