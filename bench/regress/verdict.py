"""Is it slower, faster, or can nothing be said? The statistics of interleaved ratios.

A case is timed in blocks: base, base again and head in turn, in fresh processes each time (a "pair", though it is three
processes). What differs between processes that run the same code (where their memory happens to lie) is larger than
what differs between calls of one process, so the interval is a bootstrap over pairs and, within each, over blocks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from bench.regress.stopping_rule import Rule
from reports.derive.verdict_words import Word, by_interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Key = TypeVar("Key")

CONFIDENCE = 0.95
"""Of the intervals shown."""

POWER = 0.8
"""Share of comparisons that find a change of the detectable size."""

TRIM = 0.25
"""Share of the blocks left out at either end: the mean of the others is the interquartile mean."""

CONFIRMING_LEVEL = 0.05
"""Chance that fresh processes confirm a change where there is none."""

RESAMPLES = 2000

_CONTROL_LEVEL = 0.01
"""A control kernel or the base that "changes" with a p-value up to this makes a run count as contaminated."""


@dataclass(frozen=True)
class Estimate:
    """What the blocks of one case say; `change` and the intervals are logarithms of ratios, 0 where nothing changed."""

    change: float
    error: float
    """Standard error of `change` by bootstrap, from head and from base against base together."""
    floor: float
    """The change of base against base, measured in the same way."""
    floor_error: float
    freedom: int
    """Degrees of freedom of `error`."""

    @property
    def margin(self) -> float:
        """Half the width of the interval of `change`."""
        return self.error * student_quantile((1 + CONFIDENCE) / 2, self.freedom)

    @property
    def floor_margin(self) -> float:
        """Half the width of the interval of `floor`."""
        return self.floor_error * student_quantile((1 + CONFIDENCE) / 2, self.freedom)

    @property
    def p_value(self) -> float:
        """Chance to see a change at least as large where there is none."""
        return _p_value(self.change, self.error, self.freedom)

    @property
    def floor_p_value(self) -> float:
        """The same of base against base."""
        return _p_value(self.floor, self.floor_error, self.freedom)

    def detectable(self, rule: Rule, level: float) -> float:
        """The logarithm of the smallest ratio that a test at `level` finds in four of five comparisons."""
        power = student_quantile(POWER, self.freedom) * self.error
        return power + max(rule.call, student_quantile(1 - level / 2, self.freedom) * self.error)


def estimate(seconds: NDArray[np.float64], *, seed: int = 0) -> Estimate:
    """The estimate from seconds (pairs, blocks, 3) of base, base again and head; at least two pairs.

    The change is the interquartile mean over all blocks of the logarithm of head over the geometric mean of the two
    bases: on shared machines a process can run at half its speed for the whole of a block. Its standard error is that
    of a bootstrap over pairs and blocks, freed of the bias that few pairs have, and pooled with that of base against
    base, which has the same noise and twice the pairs to learn it from. Intervals take Student's quantile: percentiles
    of a handful of pairs are too narrow (Hesterberg, The American Statistician 69, 2015).
    """
    import numpy as np
    from scipy.stats import trim_mean

    base, again, head = np.moveaxis(np.log(seconds), -1, 0)  # (pairs, blocks) each
    change = head - (base + again) / 2
    floor = again - base
    generator = np.random.default_rng(seed)
    errors = [_bootstrap_error(logs, generator) for logs in (change, floor * math.sqrt(3 / 4))]  # variances 3/2 and 2
    pooled = math.sqrt((errors[0] ** 2 + errors[1] ** 2) / 2)
    return Estimate(
        change=float(trim_mean(change, TRIM, axis=None)),
        error=pooled,
        floor=float(trim_mean(floor, TRIM, axis=None)),
        floor_error=pooled * math.sqrt(4 / 3),
        freedom=2 * (len(seconds) - 1),
    )


def _bootstrap_error(logs: NDArray[np.float64], generator: np.random.Generator) -> float:
    from scipy.stats import trim_mean

    pairs, blocks = logs.shape
    chosen = generator.integers(pairs, size=(RESAMPLES, pairs, 1))
    within = generator.integers(blocks, size=(RESAMPLES, pairs, blocks))
    means = trim_mean(logs[chosen, within].reshape(RESAMPLES, -1), TRIM, axis=1)
    return float(means.std(ddof=1)) * math.sqrt(pairs / (pairs - 1))


def holm(p_values: Mapping[Key, float], level: float) -> frozenset[Key]:
    """The keys whose hypothesis is rejected, with a chance of at most `level` that any of them is true (Holm 1979)."""
    rejected: list[Key] = []
    for left, key in enumerate(sorted(p_values, key=lambda key: p_values[key])):
        if p_values[key] > level / (len(p_values) - left):
            break
        rejected.append(key)
    return frozenset(rejected)


def look(estimates: Mapping[Key, Estimate], rule: Rule, *, level: float, family: int) -> dict[Key, Word]:
    """The word for each case so far: slower, faster, unchanged, not slower, or no verdict yet.

    `family` is the number of cases of the whole comparison, including those that are settled already. A change needs
    both to be significant among all of them and to be large enough to be called; otherwise the interval must exclude a
    slow-down of the tolerance.
    """
    significant = holm({key: found.p_value for key, found in estimates.items()}, level * len(estimates) / family)
    return {key: _word(found, rule, significant=key in significant) for key, found in estimates.items()}


def _word(found: Estimate, rule: Rule, *, significant: bool) -> Word:
    if unlike(found, rule):
        return Word.NO_VERDICT
    ends = found.change - found.margin, found.change + found.margin
    return by_interval(found.change, *ends, rule.tolerance, significant=significant)


def confirmed(word: Word, fresh: Estimate, rule: Rule) -> Word:
    """`word` if fresh processes say so too, else what they say: unchanged, not slower, or no verdict."""
    again = _word(fresh, rule, significant=fresh.p_value <= 2 * CONFIRMING_LEVEL)
    return again if again in {word, Word.UNCHANGED, Word.NOT_SLOWER} else Word.NO_VERDICT


def unlike(found: Estimate, rule: Rule) -> str:
    """Why two processes of base show that a case's times do not count; empty if they are alike."""
    if _moved(found.floor, found.floor_p_value, rule):
        return f"differs by {math.expm1(found.floor):+.1%} between two processes of base"
    return ""


def contaminated(control: str, found: Estimate, rule: Rule) -> str:
    """Why a control kernel shows that the times of this run do not count; empty if it does not."""
    if _moved(found.change, found.p_value, rule):
        return f"{control} differs by {math.expm1(found.change):+.1%}, although no revision can change it"
    return f"{control} {why}" if (why := unlike(found, rule)) else ""


def _moved(change: float, p_value: float, rule: Rule) -> bool:
    """Whether something changed that no revision can change."""
    return p_value <= _CONTROL_LEVEL and abs(change) >= rule.call


def student_quantile(quantile: float, freedom: int) -> float:
    """The value below which Student's t with `freedom` degrees of freedom lies with this probability."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, quantile))


def _p_value(change: float, error: float, freedom: int) -> float:
    from scipy.special import stdtr

    if not error:
        return 0.0 if change else 1.0
    return float(2 * stdtr(freedom, -abs(change) / error))
