"""Numbers as the page writes them: durations, ratios, counts, bytes, intervals, bounds, lists of names, ticks.

What is written must stay true when it is rounded: `at_most_text` rounds up, and a ratio that is written as 1 is no
multiple. What is undefined is a dash.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import ROUND_CEILING, Decimal

import numpy as np

UNDEFINED = "–"
MINUS = "\N{MINUS SIGN}"


def signed(text: str) -> str:
    """A number as written by a format, with a true minus sign and a space before `%`: `−0.17`, `71 %`.

    What is rounded to nothing has no sign: `0.00`.
    """
    text = f"{text[:-1]} %" if text.endswith("%") and text[-2:-1].isdigit() else text
    if not text.startswith("-"):
        return text
    return f"{MINUS}{text[1:]}" if text.strip("-0.,% ") else text[1:]


def gain_text(gain: float, digits: int = 2) -> str:
    """A difference with its sign: `+1.54`, `−0.16`."""
    return signed(f"{gain:+.{digits}f}")


def digits_text(number: float, digits: int = 3) -> str:
    """A number to so many digits, never with an exponent from 0.0001 on: `1,020`, `0.0172`, `4·10⁻⁸`."""
    if not math.isfinite(number):
        return signed(f"{number:g}")
    if number and abs(number) < 1e-4:  # noqa: PLR2004 - long in full
        return power_text(number)
    text = f"{number:.{digits}g}"
    return signed(
        f"{float(text):,.0f}" if "e" in text or abs(number) >= 10**digits else text
    )  # 1e3 has as many digits in full


def seconds_text(seconds: float) -> str:
    """A duration to three digits with its unit: `2.61 ms`."""
    if math.isnan(seconds):
        return UNDEFINED
    if seconds < 0:
        return f"{MINUS}{seconds_text(-seconds)}"
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs"), (1e9, "ns")):
        if seconds * factor >= 1:
            return f"{_digits(seconds * factor)} {unit}"
    return f"{seconds:.3g} s"


def times_text(ratio: float) -> str:
    """A ratio of times: `40×`, `1.31×`, `0.025×`."""
    return UNDEFINED if math.isnan(ratio) else f"{_digits(ratio)}×"


def factor_text(ratio: float) -> str:
    """How many times the larger of two is the smaller, whichever is which: `58`, `1.31`; `1` for about as much."""
    if not ratio > 0 or not math.isfinite(ratio):
        return UNDEFINED
    return _digits(max(ratio, 1 / ratio))


def takes_text(ratio: float, other: str) -> str:
    """How long something takes beside `other`: `takes 1.31 times as long as B`, `is 58 times as fast as B`."""
    factor = factor_text(ratio)
    if factor == "1":
        return f"takes about as long as {other}"
    return f"takes {factor} times as long as {other}" if ratio > 1 else f"is {factor} times as fast as {other}"


def factor_reach(ratio: float, low: float, high: float) -> str:
    """The interval of what `takes_text` says of a ratio, upside down where it says how fast: ` [2.6 to 3.3]`."""
    ends = (1 / high, 1 / low) if factor_text(ratio) != "1" and ratio < 1 else (low, high)
    return reach_text(*(_digits(end) if math.isfinite(end) else UNDEFINED for end in ends))


def long_text(ratio: float) -> str:
    """How long something takes beside what is faster: `63.1 times as long`, `about as long`."""
    factor = factor_text(ratio)
    return "about as long" if factor == "1" else f"{factor} times as long"


def many_text(ratio: float) -> str:
    """How much more there is of the larger: `79.9 times as`, `about as` (many, much)."""
    factor = factor_text(ratio)
    return "about as" if factor == "1" else f"{factor} times as"


def figure_text(value: float) -> str:
    """A number as it stands in a column: three significant digits, whole from 100 on: `0.0172`, `13.0`, `10,540`."""
    if not value > 0 or not math.isfinite(value):
        return "0" if value == 0 else UNDEFINED
    places = max(2 - math.floor(math.log10(float(f"{value:.3g}"))), 0)
    return f"{math.floor(value + 0.5):,}" if value >= 100 else f"{value:.{places}f}"  # noqa: PLR2004 - three digits


def fast_text(ratio: float, other: str) -> str:
    """How fast something is beside `other`: `3 times as fast as B`, `2 times as slow as B`, `about as fast as B`."""
    factor = factor_text(ratio)
    if factor == "1":
        return f"about as fast as {other}"
    return f"{factor} times as fast as {other}" if ratio > 1 else f"{factor} times as slow as {other}"


def at_most_text(value: float, digits: int = 2) -> str:
    """The smallest number of so many digits that is not below `value`: for `no more than`."""
    if not value or not math.isfinite(value):
        return f"{value:g}"
    exact = Decimal(repr(float(value)))
    place = Decimal(1).scaleb(exact.adjusted() + 1 - digits)
    return f"{float(exact.quantize(place, ROUND_CEILING)):.{digits + 1}g}"


def counted(number: float, what: str) -> str:
    """`1 image`, `6 images`, `24,933 readings`."""
    return f"{number:,.0f} {what}{'' if number == 1 else 's'}"


def listed(names: Iterable[object], most: int = 4) -> str:
    """Names as a sentence has them: `A`, `A and B`, `A, B, C, D and 3 others`."""
    every = list(dict.fromkeys(map(str, names)))
    more = len(every) - most
    shown = every if more < 1 else [*every[:most], f"{more} other{'' if more == 1 else 's'}"]
    return " and ".join(part for part in (", ".join(shown[:-1]), *shown[-1:]) if part)


def count_text(count: float) -> str:
    """A large count with thousands separated; fractions only where there are some."""
    return f"{count:,.0f}" if float(count).is_integer() or abs(count) >= 1000 else f"{count:,.3g}"  # noqa: PLR2004


def bytes_text(count: float) -> str:
    """Bytes in the largest fitting binary unit."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(count) < 1024:  # noqa: PLR2004 - the step of binary units
            return f"{digits_text(count)} {unit}"
        count /= 1024
    return f"{digits_text(count)} TiB"


def power_text(value: float) -> str:
    """A tick of a logarithmic axis: `100`, `10⁹`, `2·10⁶`."""
    if not value or 1e-3 <= value < 1e4:  # noqa: PLR2004 - short enough in full
        return f"{value:g}"
    power = int(np.floor(np.log10(abs(value)) + 1e-9))
    exponent = str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    lead = value / 10.0**power
    return f"10{exponent}" if round(lead, 3) == 1 else signed(f"{lead:.3g}·10{exponent}")


def interval_text(low: float, high: float) -> str:
    """` [0.98 to 1.02]` with its leading space; nothing where a bound is undefined."""
    return f" [{signed(f'{low:.2f}')} to {signed(f'{high:.2f}')}]" if np.isfinite(low) and np.isfinite(high) else ""


def reach_text(low: str, high: str) -> str:
    """` [2.58 ms to 2.7 ms]` of two bounds as written, with its leading space; nothing where one is undefined."""
    return "" if UNDEFINED in {low, high} else f" [{low} to {high}]"


def _digits(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else digits_text(number)  # noqa: PLR2004 - three digits either way
