"""Numbers as text: durations with their unit, ratios of times, counts."""

from __future__ import annotations


def seconds_text(seconds: float) -> str:
    """A duration to three digits with its unit: `2.61 ms`."""
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs"), (1e9, "ns")):
        if seconds * factor >= 1:
            return f"{_digits(seconds * factor)} {unit}"
    return f"{seconds:.3g} s"


def times_text(ratio: float) -> str:
    """A ratio of times: `40×`, `1.31×`, `0.025×`."""
    return f"{_digits(ratio)}×"


def count_text(count: float) -> str:
    """A large count with thousands separated; fractions only where there are some."""
    return f"{count:,.0f}" if float(count).is_integer() or abs(count) >= 1000 else f"{count:,.3g}"  # noqa: PLR2004


def _digits(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"  # noqa: PLR2004 - three digits either way
