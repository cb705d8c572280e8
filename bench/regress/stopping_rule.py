"""When the timing of a case stops, and with which chances of being wrong; `verdict` applies it.

After each pair a case is looked at, and it is settled as soon as one of two lines is crossed: towards "slower" or
towards "not slower by the tolerance". The lines are those of Paulson (1964) and of Kim and Nelson (ACM Transactions on
Modeling and Computer Simulation 11, 2001): for independent Gaussian pairs of unknown variance the chance ever to cross
the wrong one is bounded, however often one looks. What lies between no change and the tolerance is the indifference
zone: either word may be said of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.errors import BenchError
from reports.derive.verdict_words import Tolerances, called_from, limit

BUDGET_MINUTES = 6.0
"""What a comparison may take, if the user does not say."""

WHOLE_MINUTES = 12.0
"""The same where what has the same code is measured, too."""

DETECT_MINUTES = 15.0
"""The same where the user names the change to detect."""


_SMALLEST, _LARGEST = 0.001, 0.5
"""Of changes that are detected: below, no machine is steady enough; above, no test is needed."""


def checked_change(share: float, said: str) -> float:
    """The change that a comparison is to detect; raises `BenchError`, which begins with `said`, for one it cannot."""
    if not _SMALLEST <= share <= _LARGEST:
        raise BenchError(f"{said}: expected a change between 0.1% and 50%, as in 1%")
    return share


@dataclass(frozen=True)
class Chances:
    """How often one clock may be wrong about one case, in each direction."""

    alarm: float
    """To call a change where there is none."""
    miss: float
    """To exclude a change as large as the tolerance where there is one."""


@dataclass(frozen=True)
class Rule:
    """When a time counts as changed, and when a change is excluded."""

    tolerance: float = Tolerances.time
    """The relative change that a comparison must not miss."""
    alarm: float = 0.001
    """Chance that a case without a change is called slower or faster, at most."""
    alarms: float = 0.01
    """Chance that any case of a comparison without a change is called so, at most."""
    miss: float = 0.025
    """Chance that a case slowed by the tolerance is called not slower: both ends together make an interval of 95 %."""
    least: int = 3
    """Pairs of fresh processes before the first look."""

    @property
    def call(self) -> float:
        """The smallest logarithm of a ratio that is called a change."""
        return called_from(self.tolerance)

    @property
    def limit(self) -> float:
        """The tolerance as a logarithm of a ratio."""
        return limit(self.tolerance)

    def chances(self, cases: int, share: float = 1.0) -> Chances:
        """The chances of a clock that has this share of them, where so many cases are timed."""
        return Chances(share * min(self.alarm, self.alarms / cases) / 2, share * self.miss)

    def half_width(self, error: float, freedom: int, chance: float) -> float:
        """Half the width of the interval of a change that misses it at either end with this chance, whenever one looks.

        `error` is its standard error, of so many degrees of freedom. It is never below a quarter of the tolerance: that
        is the price for looking often.
        """
        reach: float = freedom * (chance ** (-2 / freedom) - 1)
        return self.limit / 4 + reach * error**2 / self.limit

    def pairs_needed(self, error: float, pairs: int, chance: float) -> int:
        """After how many pairs a slow-down will be excluded if nothing changed, as the error after `pairs` suggests."""
        needed = pairs
        while self.half_width(error * math.sqrt(pairs / needed), 2 * (needed - 1), chance) >= self.limit:
            needed += 1
        return needed
