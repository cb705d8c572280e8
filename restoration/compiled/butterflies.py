"""The fast cosine transform of any order, written once for whatever can be added and scaled.

The even/odd split x[k] ± x[N-1-k] halves the multiplications and is taken again on its even half for as long as the
order is even. Nothing here is compiled: run on arrays it transforms them (the tests do), run on values of a program
under construction (`restoration.compiled.lanes`) it writes the program, without loops or tables.

Coefficients are left unscaled where that saves a multiplication: the orthonormal DCT-II is `gains(N)[v] *
forward(x)[v]`, and `inverse` takes the unscaled ones. A threshold is divided by the gain beforehand, at no cost.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Protocol, Self, TypeVar


class Term(Protocol):
    """What a transform is made of: a number, an array, a register."""

    def __add__(self, other: Self, /) -> Self: ...
    def __sub__(self, other: Self, /) -> Self: ...
    def __mul__(self, factor: float, /) -> Self: ...


T = TypeVar("T")
TermT = TypeVar("TermT", bound=Term)


def forward(samples: Sequence[TermT]) -> list[TermT]:
    """The coefficients of `samples`, each divided by its gain; lowest frequency first."""
    order = len(samples)
    if order == 1:
        return list(samples)
    half, middle = divmod(order, 2)
    mirrored = [(samples[k], samples[order - 1 - k]) for k in range(half)]
    sums = [left + right for left, right in mirrored] + [samples[half]] * middle
    differences = [left - right for left, right in mirrored]
    low = [_weighted(row, sums) for row in _rows(order)[0::2]] if middle else forward(sums)
    high = [_weighted(row[:half], differences) for row in _rows(order)[1::2]]
    return _interleaved(low, high)


def inverse(coefficients: Sequence[TermT]) -> list[TermT]:
    """N times the samples that `forward` made `coefficients` from; the factor N is the caller's to divide by."""
    order = len(coefficients)
    if order == 1:
        return list(coefficients)
    half, middle = divmod(order, 2)
    columns = list(zip(*_inverse_rows(order), strict=True))
    low, high = coefficients[0::2], coefficients[1::2]
    even = [_weighted(column[0::2], low) for column in columns[: half + middle]] if middle else inverse(low)
    odd = [_weighted(column[1::2], high) for column in columns[:half]]
    left = [even[k] + odd[k] for k in range(half)]
    right = [even[k] - odd[k] for k in reversed(range(half))]
    return left + even[half:] * middle + right


class _Tally:
    """A term that only counts how often any of its kind is multiplied."""

    def __init__(self, count: list[int]) -> None:
        self._count = count

    def __add__(self, _: Self, /) -> Self:
        return self

    __sub__ = __add__

    def __mul__(self, _: float, /) -> Self:
        self._count[0] += 1
        return self


def multiplications(transform: Callable[[list[Any]], object], order: int) -> int:
    """How many multiplications `transform` of `order` terms is written with."""
    count = [0]
    transform([_Tally(count)] * order)
    return count[0]


@cache
def gains(order: int) -> tuple[float, ...]:
    """What each coefficient of `forward` must be multiplied by to be that of the orthonormal DCT-II; never zero."""
    if order == 1:
        return (1.0,)
    odd = [max(_basis(order, v)[: (order + 1) // 2], key=abs) for v in range(order)]
    if order % 2:
        return tuple(odd)
    return tuple(_interleaved([gain / math.sqrt(2) for gain in gains(order // 2)], odd[1::2]))


def _basis(order: int, frequency: int) -> list[float]:
    """Row `frequency` of the orthonormal DCT-II."""
    scale = math.sqrt((2 if frequency else 1) / order)
    return [scale * math.cos(math.pi * frequency * (2 * k + 1) / (2 * order)) for k in range(order)]


@cache
def _rows(order: int) -> tuple[tuple[float, ...], ...]:
    """The first half of each row of the basis over its gain: one of its entries is exactly 1."""
    half = (order + 1) // 2
    return tuple(tuple(b / gain for b in _basis(order, v)[:half]) for v, gain in enumerate(gains(order)))


@cache
def _inverse_rows(order: int) -> tuple[tuple[float, ...], ...]:
    """`order` times the first half of each row of the basis times its gain."""
    half = (order + 1) // 2
    return tuple(tuple(order * b * gain for b in _basis(order, v)[:half]) for v, gain in enumerate(gains(order)))


def _weighted(weights: Sequence[float], terms: Sequence[TermT]) -> TermT:
    """The sum of `terms` times `weights`, starting from a term whose weight is 1 if there is one."""
    pairs = sorted(zip(weights, terms, strict=True), key=lambda pair: abs(pair[0] - 1) > _ROUNDING)
    (weight, total), *others = pairs
    total = total if abs(weight - 1) <= _ROUNDING else total * weight
    for weight, term in others:
        total = total + term * weight
    return total


_ROUNDING = 1e-12


def _interleaved(even: Sequence[T], odd: Sequence[T]) -> list[T]:
    """even[0], odd[0], even[1], odd[1], ...; `even` may be one longer."""
    together = [value for pair in zip(even, odd, strict=False) for value in pair]
    return together + list(even[len(odd) :])
