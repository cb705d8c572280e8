"""The words of a verdict, the tolerances, and which change counts: for `compare` and for the report of two runs alike.

Imports nothing of this project and only the standard library, so that the command line can read it at no cost.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean

CALLED_FROM = 2 / 3
"""Part of a tolerance from which a change counts: noise then seldom hides one that is as large as the tolerance."""


class Word(StrEnum):
    """What can be said of one measurement, one method, or a whole comparison."""

    UNCHANGED = "unchanged"
    SAME_CODE = "unchanged (same code)"
    """Not measured, because nothing that differs between two revisions matters to it."""
    NOT_SLOWER = "not slower"
    """A slow-down as large as the tolerance is excluded; whether it is faster is not known."""
    FASTER = "faster"
    SLOWER = "slower"
    BETTER = "better"
    WORSE = "worse"
    FASTER_BUT_WORSE = "faster-but-worse"
    SLOWER_BUT_BETTER = "slower-but-better"
    NO_VERDICT = "no verdict"
    NOT_MEASURED = "not measured"
    """Neither revision can give this number; it decides nothing."""


REGRESSIONS = frozenset({Word.SLOWER, Word.WORSE, Word.FASTER_BUT_WORSE, Word.SLOWER_BUT_BETTER})

CHANGES = REGRESSIONS | {Word.FASTER, Word.BETTER}
"""The words that call something a change."""

_SILENT = (Word.NOT_SLOWER, Word.UNCHANGED, Word.SAME_CODE, Word.NOT_MEASURED)
"""Words of which one that stands further left speaks for the others."""


@dataclass(frozen=True)
class Tolerances:
    """How large a change may be before it counts: time and memory relative, the others absolute."""

    time: float = 0.03
    psnr_db: float = 0.01
    macs_per_pixel: float = 0.0
    memory: float = 0.05


def limit(tolerance: float) -> float:
    """A relative tolerance as the logarithm of a ratio."""
    return math.log1p(tolerance)


def called_from(tolerance: float) -> float:
    """The smallest logarithm of a ratio that is called a change."""
    return math.log1p(CALLED_FROM * tolerance)


def by_interval(change: float, low: float, high: float, tolerance: float, *, significant: bool) -> Word:
    """The word for a change of time that is known up to noise; the change and its interval are logarithms of ratios.

    A change counts where it is significant and large enough. Otherwise the interval decides: it excludes a slow-down
    as large as the tolerance, or there is no verdict; it is `unchanged` where it excludes as large a gain, too.
    """
    if significant and abs(change) >= called_from(tolerance):
        return Word.SLOWER if change > 0 else Word.FASTER
    if not high <= limit(tolerance):  # which one that is not known does not exclude, either
        return Word.NO_VERDICT
    return Word.UNCHANGED if low >= -limit(tolerance) else Word.NOT_SLOWER


def by_tolerance(change: float, tolerance: float, *, more: Word, less: Word) -> Word:
    """The word for a change that is known exactly; `more` for an increase."""
    if abs(change) <= CALLED_FROM * tolerance:
        return Word.UNCHANGED
    return more if change > 0 else less


def of_quality(changes: Collection[float], tolerance: float) -> Word:
    """The word for changes of PSNR, one per image: their mean decides, unless it hides an image that lost."""
    word, lowest = (
        by_tolerance(change, tolerance, more=Word.BETTER, less=Word.WORSE) for change in (fmean(changes), min(changes))
    )
    return Word.WORSE if (word, lowest) == (Word.UNCHANGED, Word.WORSE) else word


def of_operations(base: float, head: float, tolerance: float) -> Word:
    """The word for two counts per pixel."""
    return by_tolerance(difference(base, head), tolerance, more=Word.SLOWER, less=Word.FASTER)


def of_memory(base: float, head: float, tolerance: float) -> Word:
    """The word for two peaks in bytes."""
    return by_tolerance(relative(base, head), tolerance, more=Word.WORSE, less=Word.BETTER)


def difference(base: float, head: float) -> float:
    """`head` less `base`; 0 where only the rounding of a sum differs."""
    return 0.0 if math.isclose(base, head, rel_tol=1e-9) else head - base


def relative(base: float, head: float) -> float:
    """`head` over `base`, less 1; where `base` is 0, 1 for any other `head`."""
    return head / base - 1 if base else float(bool(head))


def worst(words: Collection[Word]) -> Word:
    """One word for several of one kind: a regression first, then no verdict, then a gain, then unchanged."""
    order = (Word.SLOWER, Word.WORSE, Word.NO_VERDICT, Word.FASTER, Word.BETTER, *_SILENT)
    return next((word for word in order if word in words), Word.NOT_MEASURED)


def together(speed: Word, quality: Word) -> Word:
    """One word for speed and quality; where both got worse (or better), it is `worse` (`better`)."""
    pair = {speed, quality}
    if pair == {Word.FASTER, Word.WORSE}:
        return Word.FASTER_BUT_WORSE
    if pair == {Word.SLOWER, Word.BETTER}:
        return Word.SLOWER_BUT_BETTER
    order = (Word.WORSE, Word.SLOWER, Word.NO_VERDICT, Word.BETTER, Word.FASTER, *_SILENT)
    return next(word for word in order if word in pair)
