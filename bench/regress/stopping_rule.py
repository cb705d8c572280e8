"""When the timing of a comparison stops, and how sure a change must be at each look; `pairs` applies it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from reports.derive.verdict_words import Tolerances, called_from

MOST_PAIRS = 8
"""Pairs of fresh processes after which a case that is still unclear is left without a verdict."""


@dataclass(frozen=True)
class Rule:
    """When a time counts as changed, and after how many pairs a case is left without a verdict."""

    tolerance: float = Tolerances.time
    """The relative change that a comparison must not miss."""
    alpha: float = 0.2
    """Chance that a whole comparison without any change flags one; what is flagged has yet to be confirmed, at
    `CONFIRMING_LEVEL`."""
    least: int = MOST_PAIRS // 2
    """Pairs of fresh processes before the first look."""
    most: int = MOST_PAIRS
    """Pairs of fresh processes before the last look."""

    @property
    def call(self) -> float:
        """The smallest logarithm of a ratio that is called a change."""
        return called_from(self.tolerance)

    def level(self, pairs: int) -> float:
        """The share of `alpha` that the look after `pairs` pairs may use: the first and the last look share it.

        Spending function alpha log(1 + (e - 1) t) of Lan and DeMets, Biometrika 70 (1983), t = pairs / most. Looks in
        between may find a case unchanged, which needs no share; more looks for a change would each have too little.
        """
        first = self._spent(self.least)
        return {self.most: self.alpha - first, self.least: first}.get(pairs, 0.0)

    def _spent(self, pairs: int) -> float:
        return self.alpha * math.log1p((math.e - 1) * min(1.0, pairs / self.most))
