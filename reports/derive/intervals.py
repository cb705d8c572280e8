"""Intervals at 95 %: of medians, of means, of paired differences. Resampling is seeded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy import stats

LEVEL = 0.95


RESAMPLES = 4000


def median_low(samples: pd.Series[float]) -> float:
    """Lower end of the interval of the median; NaN for fewer than six samples."""
    return quantile_bounds(samples, 0.5)[0]


def median_high(samples: pd.Series[float]) -> float:
    """Upper end of the interval of the median; NaN for fewer than six samples."""
    return quantile_bounds(samples, 0.5)[1]


def quantile_bounds(samples: pd.Series[float], share: float) -> tuple[float, float]:
    """The interval of the quantile below which `share` of all samples lie, from order statistics.

    No distribution is assumed: the count of samples below the true quantile is binomial. NaN for fewer samples than
    `samples_needed`: not even the smallest and the largest then hold it so surely.
    """
    ordered = np.sort(samples.to_numpy())
    low, high = _ranks(len(ordered), share)
    if low < 0 or high >= len(ordered):
        return float("nan"), float("nan")
    return float(ordered[low]), float(ordered[high])


def samples_needed(share: float) -> int:
    """The fewest samples whose range holds the quantile at `share`, 2.5 % left out at either end: 6, 36 and 368."""
    return math.ceil(math.log((1 - LEVEL) / 2) / math.log(max(share, 1 - share)))


@lru_cache
def _ranks(n: int, share: float) -> tuple[int, int]:
    """Positions in `n` ordered samples of both ends of the interval; outside of them where there is no such end."""
    low, high = (stats.binom.ppf(level, n, share) for level in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return int(low) - 1, int(high)


def student_half(spread: pd.Series[float], n: pd.Series[int]) -> pd.Series[float]:
    """Half the width of Student's interval of means of `n` values with these deviations; NaN for a single value."""
    quantile = np.asarray(stats.t.ppf((1 + LEVEL) / 2, np.maximum(n.to_numpy() - 1, 1)))
    half = pd.Series(spread.to_numpy() / np.sqrt(n.to_numpy()) * quantile, index=spread.index)
    return half.where(n > 1)


@dataclass(frozen=True)
class Difference:
    """A mean of paired differences with its interval."""

    mean: float
    low: float
    high: float
    n: int


def difference(first: pd.Series[float], second: pd.Series[float]) -> Difference:
    """`first` - `second`, paired by index; the interval is Student's and NaN for fewer than two pairs."""
    paired = (first - second).dropna()
    n = len(paired)
    half = float(paired.std()) / math.sqrt(n) * stats.t.ppf((1 + LEVEL) / 2, n - 1) if n > 1 else float("nan")
    mean = float(paired.mean()) if n else float("nan")
    return Difference(mean, mean - half, mean + half, n)


def bootstrap_mean(samples: np.ndarray) -> tuple[float, float, float]:
    """Mean and percentile interval of `samples`; the interval is NaN for fewer than three."""
    mean = float(samples.mean()) if len(samples) else float("nan")
    if len(samples) < 3:  # noqa: PLR2004 - resampling two values says nothing
        return mean, float("nan"), float("nan")
    drawn = np.random.default_rng(0).integers(0, len(samples), (RESAMPLES, len(samples)))
    low, high = np.quantile(samples[drawn].mean(axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return mean, float(low), float(high)
