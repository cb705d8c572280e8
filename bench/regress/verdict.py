"""Is it slower, faster, or can nothing be said? The statistics of interleaved ratios.

A case is timed in blocks: base, base again and head in turn, in fresh processes each time (a "pair", though it is three
processes). What differs between processes that run the same code (where their memory happens to lie) is larger than
what differs between calls of one process, so a standard error is that of whole pairs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.regress.stopping_rule import Chances, Rule
from reports.derive.verdict_words import Word, by_interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TRIM = 0.25
"""Share of a pair's blocks left out at either end."""

POWER = 0.8
"""Share of comparisons that find a change of the detectable size."""


@dataclass(frozen=True)
class Estimate:
    """What the blocks of one case say; changes are logarithms of ratios, 0 where nothing changed."""

    change: float
    error: float
    """Standard error of `change`, from head and from base against base together."""
    floor: float
    """The change of base against base, measured in the same way."""
    floor_error: float
    freedom: int
    """Degrees of freedom of `error`."""

    def margin(self, rule: Rule, chances: Chances) -> float:
        """Half the width of the interval of `change`."""
        return rule.half_width(self.error, self.freedom, chances.miss)

    def floor_margin(self, rule: Rule, chances: Chances) -> float:
        """Half the width of the interval of `floor`."""
        return rule.half_width(self.floor_error, self.freedom, chances.miss)

    def detectable(self, rule: Rule, chances: Chances) -> float:
        """The logarithm of the smallest ratio that is called a change after so many pairs in four of five cases."""
        power = student_quantile(POWER, self.freedom) * self.error
        return power + max(rule.call, rule.half_width(self.error, self.freedom, chances.alarm))


def ratios(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of pairs of seconds (..., blocks, 3) of base, base again and head, two logarithms of ratios each: (..., 2).

    Head over the geometric mean of the two bases, and base again over base: averaged over the blocks without the
    quarters at either end, because on shared machines a process can run at half its speed for the whole of a block.
    """
    import numpy as np
    from scipy.stats import trim_mean

    base, again, head = np.moveaxis(np.log(seconds), -1, 0)  # (..., blocks) each
    return np.stack([trim_mean(logs, TRIM, axis=-1) for logs in (head - (base + again) / 2, again - base)], axis=-1)


def estimate(ratios: NDArray[np.float64]) -> Estimate:
    """The estimate from the `ratios` (pairs, 2) of at least two pairs.

    A change is the mean of the pairs without the lowest and the highest of every six. Its standard error is that of a
    trimmed mean (Tukey and McLaughlin, Sankhya A 25, 1963), pooled with that of base against base, which has the same
    noise.
    """
    change, of_change = _trimmed(ratios[:, 0])
    floor, of_floor = _trimmed(ratios[:, 1])
    pooled = math.sqrt((of_change**2 + 3 / 4 * of_floor**2) / 2)  # their variances are as 3/2 to 2
    kept = len(ratios) - 2 * _cut(len(ratios))
    return Estimate(change, pooled, floor, pooled * math.sqrt(4 / 3), freedom=2 * (kept - 1))


def _trimmed(logs: NDArray[np.float64]) -> tuple[float, float]:
    """The trimmed mean over pairs, and its standard error."""
    import numpy as np

    ordered = np.sort(logs)
    cut = _cut(len(ordered))
    kept = ordered[cut : len(ordered) - cut]
    winsorized = np.clip(ordered, kept[0], kept[-1])
    squares = float(((winsorized - winsorized.mean()) ** 2).sum())
    return float(kept.mean()), math.sqrt(squares / (len(kept) * (len(kept) - 1)))


def _cut(pairs: int) -> int:
    """How many pairs are left out at either end."""
    return pairs // 6


def word(found: Estimate, rule: Rule, chances: Chances) -> Word:
    """The word for a case so far: slower, faster, unchanged, not slower, or no verdict yet.

    A change must be more than noise and large enough to be called; otherwise its interval must exclude a slow-down of
    the tolerance.
    """
    if unlike(found, rule, chances):
        return Word.NO_VERDICT
    margin = found.margin(rule, chances)
    significant = abs(found.change) > rule.half_width(found.error, found.freedom, chances.alarm)
    return by_interval(
        found.change, found.change - margin, found.change + margin, rule.tolerance, significant=significant
    )


def unlike(found: Estimate, rule: Rule, chances: Chances) -> str:
    """Why two processes of base show that a case's times do not count; empty if they are alike."""
    if _moved(found.floor, found.floor_error, found.freedom, rule, chances):
        return f"differs by {math.expm1(found.floor):+.1%} between two processes of base"
    return ""


def contaminated(control: str, found: Estimate, rule: Rule, chances: Chances) -> str:
    """Why a control kernel shows that the times of this run do not count; empty if it does not."""
    if _moved(found.change, found.error, found.freedom, rule, chances):
        return f"{control} differs by {math.expm1(found.change):+.1%}, although no revision can change it"
    return f"{control} {why}" if (why := unlike(found, rule, chances)) else ""


def _moved(change: float, error: float, freedom: int, rule: Rule, chances: Chances) -> bool:
    """Whether something changed that no revision can change."""
    return abs(change) >= rule.call and abs(change) > rule.half_width(error, freedom, chances.alarm)


def student_quantile(quantile: float, freedom: int) -> float:
    """The value below which Student's t with `freedom` degrees of freedom lies with this probability."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, quantile))
