"""Time at matched quality: what a method takes to reach so many decibels, read off the line of its variants."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from reports.derive.choice import Candidate, rising


@dataclass(frozen=True)
class Matched:
    """A time at which a quality is reached."""

    ms: float
    at_most: bool = False
    """Whether even the fastest variant is better than that, so that a faster one may reach it, too."""


def time_at(variants: Iterable[Candidate], db: float) -> Matched | None:
    """The time at which the variants of one method reach `db`; None where none of those that were timed does.

    Between two variants that rise the logarithm of time is interpolated along the decibels.
    """
    line = rising(variants)
    if not line or line[-1].db < db or line[0].ms is None:
        return None
    if line[0].db >= db:
        return Matched(line[0].ms, at_most=line[0].db > db)
    below, above = next(pair for pair in pairwise(line) if pair[1].db >= db)
    start, end = math.log(below.ms or 1), math.log(above.ms or 1)
    return Matched(math.exp(start + (end - start) * (db - below.db) / (above.db - below.db)))
