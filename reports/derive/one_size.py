"""Whether two times may be set against each other: only where both were taken at one size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Timed:
    """A median time at one size."""

    size: str
    """Width and height of the output: `512 × 512`."""
    ms: float
    """Milliseconds for a megapixel of output, as they are written."""


@dataclass(frozen=True)
class Ratio:
    """One time over another of the same size."""

    value: float
    size: str


def ratio(one: Iterable[Timed], other: Iterable[Timed]) -> Ratio | None:
    """The first over the second at the first size of `one` that both have; None where they have none in common."""
    beside = {timed.size: timed.ms for timed in other}
    shared = (timed for timed in one if beside.get(timed.size))
    return next((Ratio(timed.ms / beside[timed.size], timed.size) for timed in shared), None)
