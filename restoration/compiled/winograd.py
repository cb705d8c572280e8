"""3x3 and 5x5 convolutions on the processor, with a fifth or a sixth of the multiplications.

Winograd's F(6x6, 3x3) and F(4x4, 5x5) (Lavin & Gray 2016, Fast algorithms for convolutional neural networks): a tile of
8 x 8 inputs is transformed by sums, multiplied by the transformed kernels - 64 products of matrices (tiles x channels
in) by (channels in x out) where direct convolution takes 324 or 400 - and transformed back to its outputs. Maps lie
channels last, as torch's own format of that name has them, so that a register holds neighbouring channels of one pixel
and whatever stands between two convolutions needs no other layout; as many tiles as one product has rows stay in the
second-level cache from their inputs to their outputs.

The result is that of direct convolution with its sums in another order: float32 images differ in the sixth digit.
"""

# ruff: noqa: ANN001, ANN202, PLR0917 - numba passes arrays and numbers only, and infers the types itself
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from typing import Any, Final, TypeVar

import numpy as np
from llvmlite import ir
from numba.extending import register_jitable
from numpy.typing import NDArray

from restoration.compiled.butterflies import Term, multiplications
from restoration.compiled.kernels import compiled
from restoration.compiled.lanes import LANES, Memory, rounded, vector_code
from restoration.compiled.products import (
    RELU,
    ROWS,
    SLOPED,
    SOURCES,
    VECTORS,
    ahead,
    copy,
    followed,
    multiply_block,
)

_SEEN: Final = 8
"""Side of a tile's input."""

POINTS: Final = _SEEN**2

_SIX: Final = _SEEN - 2
_FOUR: Final = _SEEN - 4
"""Sides of its output, for kernels of 3x3 and of 5x5."""

_LINE: Final = 16
"""Values between the points of one kind and the next, so that they do not all fall into one set of the cache."""

_FINITE: Final = (
    (0.0, 1.0), (1.0, -2 / 9), (-1.0, -2 / 9), (2.0, 1 / 90), (-2.0, 1 / 90), (0.5, 32 / 45), (-0.5, 32 / 45),
)  # fmt: skip
"""Where polynomials are multiplied, beside infinity, and the scale of a kernel's value there."""

TermT = TypeVar("TermT", bound=Term)


def points(samples: Sequence[TermT]) -> list[TermT]:
    """Eight samples to what a kernel's eight points are multiplied by."""
    d0, d1, d2, d3, d4, d5, d6, d7 = samples
    even, odd = d2 + d6 - d4 * 4.25, d1 + d5 - d3 * 4.25
    wide, wide_odd = d6 + d2 * 0.25 - d4 * 1.25, d1 * 0.5 - d3 * 2.5 + d5 * 2.0
    near, near_odd = d6 + d2 * 4.0 - d4 * 5.0, d1 * 2.0 - d3 * 2.5 + d5 * 0.5
    first, last = d0 - d6 + (d4 - d2) * 5.25, d7 - d1 + (d3 - d5) * 5.25
    return [first, even + odd, even - odd, wide + wide_odd, wide - wide_odd, near + near_odd, near - near_odd, last]


def outputs(products: Sequence[TermT], count: int) -> list[TermT]:
    """Eight products to four or six outputs of the convolution, with kernels of five or three taps."""
    m0, m1, m2, m3, m4, m5, m6, m7 = products
    one, one_odd, two, two_odd, half, half_odd = m1 + m2, m1 - m2, m3 + m4, m3 - m4, m5 + m6, m5 - m6
    found = [
        m0 + one + two + half,
        one_odd + two_odd * 2.0 + half_odd * 0.5,
        one + two * 4.0 + half * 0.25,
        one_odd + two_odd * 8.0 + half_odd * 0.125,
        one + two * 16.0 + half * 0.0625,
        one_odd + two_odd * 32.0 + half_odd * 0.03125,
    ][:count]
    return [*found[:-1], found[-1] + m7]


def taps_to_points(side: int) -> NDArray[np.float64]:
    """What a kernel's taps are multiplied by, (8, side): its values as a polynomial, scaled."""
    values = [[scale * place**power for power in range(side)] for place, scale in _FINITE]
    return np.array([*values, [0.0] * (side - 1) + [1.0]])


def tile(side: int) -> int:
    """The side of a tile's output."""
    return _SEEN - side + 1


def macs_per_place(depth: int, width: int, side: int = 3) -> float:
    """Multiplications for one place of the maps: its share of a tile's 64 products and of the transforms."""
    there = _SEEN * 2 * multiplications(points, _SEEN)  # along x, then along y
    back = (_SEEN + tile(side)) * multiplications(partial(outputs, count=tile(side)), _SEEN)
    return (POINTS * depth * width + depth * there + width * back) / tile(side) ** 2


@vector_code(literals=0, sizes=3)
def tile_points(line: ir.Value, channels: ir.Value, apart: ir.Value, source: Memory, target: Memory) -> None:
    """A tile of inputs, LANES channels of it, to 64 points, each `apart` values from the one before.

    Two rows of points at a time, so that what lies between the two directions stays in registers: inputs are read
    more than once, which costs less than writing them in between. What of a column is not used is not computed.
    """
    for pair in ((0, 7), (1, 2), (3, 4), (5, 6)):
        columns = [
            points([ahead(ahead(source, line, y), channels, x).load(0) for y in range(_SEEN)]) for x in range(_SEEN)
        ]
        for j in pair:
            for k, value in enumerate(points([column[j] for column in columns])):
                ahead(target, apart, j * _SEEN + k).store(0, value)


@vector_code(literals=2, sizes=3)
def tile_outputs(
    kind: int,
    count: int,
    line: ir.Value,
    channels: ir.Value,
    apart: ir.Value,
    source: Memory,
    bias: Memory,
    slopes: Memory,
    target: Memory,
) -> None:
    """64 products, `apart` values from each other, to `count` squared outputs with bias and what follows."""
    for rows in (range(0, count, 2), range(1, count, 2)):  # a few at a time, as in `tile_points`
        columns = [
            outputs([ahead(source, apart, j * _SEEN + k).load(0) for j in range(_SEEN)], count) for k in range(_SEEN)
        ]
        for y in rows:
            for x, value in enumerate(outputs([column[y] for column in columns], count)):
                place = ahead(ahead(target, line, y), channels, x)
                place.store(0, followed(kind, value + bias.load(0), slopes))


_SIGNATURE: Final = "void(f4[:,:,:,::1], i8, i8, f4[::1], f4[::1], i8, f4[::1], f4[:,:,:,::1], i8, i8, i8, i8)"


@cache
def strip(side: int) -> Any:
    """The compiled loop over the tiles of rows `first` to `last` of all images; it holds no lock of Python's.

    It reads `depth` channels of `source` from `from_channel` on, and writes `width` of `target` from `to_channel` on.
    """
    made_of, size = SOURCES, tile(side)

    @compiled(_SIGNATURE, error_model="numpy")
    def strip(source, from_channel, depth, kernels, bias, kind, slopes, target, to_channel, width, first, last):
        _ = made_of
        before, after = rounded(depth), rounded(width)
        tiles = (source.shape[2] + size - 1) // size
        known = np.zeros(POINTS * (ROWS * before + _LINE), np.float32)
        products = np.zeros(POINTS * (ROWS * after + _LINE), np.float32)
        patch = np.zeros(POINTS * max(depth, width) + size * LANES, np.float32)
        for begin in range(first * tiles, last * tiles, ROWS):
            end = min(begin + ROWS, last * tiles)
            _read_tiles(source, from_channel, depth, size, begin, end, before, patch, known)
            _multiply_points(depth, before, after, known, kernels, products)
            _write_tiles(products, bias, kind, slopes, size, begin, end, after, patch, target, to_channel, width)

    return strip


@register_jitable
def _place(number, size, maps):
    """Image, row and column of a tile's first output."""
    tiles = (maps.shape[2] + size - 1) // size
    rows = (maps.shape[1] + size - 1) // size
    return number // tiles // rows, number // tiles % rows * size, number % tiles * size


@register_jitable
def _index(maps, image, y, x):
    """Index of a pixel's first channel in the flat maps."""
    return ((image * maps.shape[1] + y) * maps.shape[2] + x) * maps.shape[3]


@register_jitable
def _read_tiles(source, from_channel, depth, size, begin, end, before, patch, known):
    """Input tiles to their points; those that reach over a border by way of a patch with zeros."""
    height, columns, apart = source.shape[1:]
    border = (_SEEN - size) // 2
    for number in range(begin, end):
        image, y, x = _place(number, size, source)
        y, x = y - border, x - border
        last = _index(source, image, y + _SEEN - 1, x + _SEEN - 1) + from_channel
        inside = y >= 0 and x >= 0 and y + _SEEN <= height and x + _SEEN <= columns
        into = (number - begin) * before
        if inside and last + max(depth, LANES) <= source.size:
            at = _index(source, image, y, x) + from_channel
            _points_of(source, at, columns * apart, apart, depth, before, known, into)
        else:
            patch[: POINTS * depth] = 0
            for row in range(max(y, 0), min(y + _SEEN, height)):
                for column in range(max(x, 0), min(x + _SEEN, columns)):
                    at = _index(source, image, row, column) + from_channel
                    copy(source, at, patch, ((row - y) * _SEEN + column - x) * depth, depth)
            _points_of(patch, 0, _SEEN * depth, depth, depth, before, known, into)


@register_jitable
def _points_of(array, at, line, apart, depth, before, known, into):
    """The points of one tile, with rows `line` and pixels `apart` values from each other.

    Some channels may be met twice.
    """
    for begin in range(0, depth, LANES):
        channel = max(0, min(begin, depth - LANES))
        tile_points(line, apart, ROWS * before + _LINE, array, at + channel, known, into + channel)


@register_jitable
def _multiply_points(depth, before, after, known, kernels, products):
    """The 64 products of matrices; kernels are read once, in order."""
    block = VECTORS * LANES
    kernel = 0
    for point in range(POINTS):
        at = point * (ROWS * before + _LINE)
        for out in range(0, after, block):
            to = point * (ROWS * after + _LINE) + out
            multiply_block(out + block <= after, depth, before, after, known, at, kernels, kernel, products, to)
            kernel += depth * min(block, after - out)


@register_jitable
def _write_tiles(products, bias, kind, slopes, size, begin, end, after, patch, target, to_channel, width):
    """Products to output tiles; those that are not whole, or narrower than a register, by way of a patch."""
    height, columns, apart = target.shape[1:]
    patched = size * width + LANES
    for number in range(begin, end):
        image, y, x = _place(number, size, target)
        at = (number - begin) * after
        if y + size <= height and x + size <= columns and width >= LANES:
            into, line = _index(target, image, y, x) + to_channel, columns * apart
            _outputs_of(products, at, after, bias, kind, slopes, size, target, into, line, apart, width)
        else:
            _outputs_of(products, at, after, bias, kind, slopes, size, patch, 0, patched, width, width)
            for row in range(min(size, height - y)):
                for column in range(min(size, columns - x)):
                    into = _index(target, image, y + row, x + column) + to_channel
                    copy(patch, row * patched + column * width, target, into, width)


@register_jitable
def _outputs_of(products, at, after, bias, kind, slopes, size, array, into, line, apart, width):
    """The outputs of one tile, to rows `line` and pixels `apart` values from each other; as `_points_of`."""
    for begin in range(0, width, LANES):
        k = max(0, min(begin, width - LANES))
        gap, start, to = ROWS * after + _LINE, at + k, into + k
        if kind == RELU and size == _SIX:
            tile_outputs(RELU, _SIX, line, apart, gap, products, start, bias, k, slopes, k, array, to)
        elif size == _SIX:
            tile_outputs(SLOPED, _SIX, line, apart, gap, products, start, bias, k, slopes, k, array, to)
        elif kind == RELU:
            tile_outputs(RELU, _FOUR, line, apart, gap, products, start, bias, k, slopes, k, array, to)
        else:
            tile_outputs(SLOPED, _FOUR, line, apart, gap, products, start, bias, k, slopes, k, array, to)
