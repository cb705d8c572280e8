"""What the images tell apart: gains that are sure, and paired tests of many differences at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from reports.derive.intervals import LEVEL

LEAST_GAIN_DB = 0.01
"""A smaller gain is none, however sure it is: two decimals do not show it."""

Pair = tuple[str, str]


def not_surely_worse(wide: pd.DataFrame) -> dict[str, frozenset[str]]:
    """For each column of `wide`, a line an image, those with no higher a mean that it is not surely better than.

    Surely better is by `LEAST_GAIN_DB` and, of several images, with the whole interval of the paired difference above
    zero.
    """
    scores, names, n = wide.to_numpy(dtype=float), [str(name) for name in wide], len(wide)
    reach = stats.t.ppf((1 + LEVEL) / 2, n - 1) / np.sqrt(n) if n > 1 else 0.0
    found = {}
    for place, name in enumerate(names):
        gains = scores[:, [place]] - scores  # (images, columns)
        mean, spread = gains.mean(axis=0), gains.std(axis=0, ddof=1) if n > 1 else 0.0
        unsure = (mean >= 0) & ((mean < LEAST_GAIN_DB) | (mean - reach * spread <= 0))
        found[name] = frozenset(names[other] for other in np.flatnonzero(unsure) if other != place)
    return found


def alike(wide: pd.DataFrame, pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """Those `pairs` of columns of `wide`, a line an image, that paired t tests by Holm's correction do not tell apart.

    The chance that any pair of equal means is told apart is 5 % for all pairs together. A single image tells none.
    """
    adjusted = holm(_chance(wide[one] - wide[other]) for one, other in pairs)
    return tuple(pair for pair, chance in zip(pairs, adjusted, strict=True) if not chance <= 1 - LEVEL)


def holm(chances: Iterable[float]) -> list[float]:
    """P values of many tests, each as it counts beside all the others (Holm 1979); NaN stays NaN."""
    given = np.fromiter(chances, dtype=float)
    order = np.argsort(given)
    weights = np.maximum(np.count_nonzero(~np.isnan(given)) - np.arange(len(given)), 1)
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(np.maximum.accumulate(given[order] * weights), 1.0)
    return [float(chance) for chance in adjusted]


def _chance(differences: pd.Series[float]) -> float:
    """The two-sided p value of Student's test of paired differences; NaN for fewer than two."""
    n, mean, spread = len(differences), float(differences.mean()), float(differences.std())
    if n < 2:  # noqa: PLR2004 - one has no spread
        return float("nan")
    if spread == 0:
        return 0.0 if mean else 1.0
    return float(2 * stats.t.sf(abs(mean) / spread * np.sqrt(n), n - 1))
