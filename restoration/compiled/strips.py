"""The compiled loops of the fused engine: one horizontal strip of an image, from noisy pixels to sums of blocks.

Along x, every row is transformed once for all blocks that touch it; along y, each block's columns are transformed,
shrunk, transformed back and added up without leaving the registers; complete rows are transformed back along x.
A strip is worked on in tiles, a few vectors of block columns wide and `FRESH` rows of blocks high, whose buffers stay
in the second-level cache while the one column of vectors at work stays in the first:

    coefficients, totals: [vector of columns][frequency u][row][lane]

so that a block's column is `order` neighbouring vectors. A kernel is made for one order and rule, kept on disk by
numba, and holds no lock of Python's. All kernels for grids take the same arguments:

    image           the pixels of one plane
    limits          thresholds for unscaled coefficients, [set][u][v][lane]
    rows, columns   where blocks start, ascending, never further apart than `order`
    stop            the row of pixels from which on sums go to `tail` rather than to `out`
    row_scale, column_scale     factors of each row and column of pixels
    scratch         `Tile.size` values, zero before the first call
    out, tail       sums of blocks, times `order` squared and the scales: [set][row][column]
    weights, weight_tail        with adaptive weights only: their sums, likewise

They check nothing; `restoration.dct.fused` has.
"""

# ruff: noqa: ANN001, ANN202, PLR0917 - numba passes arrays and numbers only, and infers the types itself
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numba import njit

from restoration.compiled.lanes import (
    CHECKSUM,
    EIGHT,
    LANES,
    add_weights,
    clear,
    count_column,
    gather_row,
    gather_rows,
    move,
    restore_column,
    row_forward,
    row_inverse,
    scale_pixels,
    scatter_row,
    scatter_rows,
    shifted_sum,
    shrink_column,
    spread_weight,
    spread_weights,
    transform_column,
    weigh_block,
    weigh_column,
)

FRESH: Final = 24
"""Rows of blocks worked on before the buffers move on."""

SETS: Final = 4
"""Sets of thresholds that share a forward transform; more would make the tiles narrow and save little."""

TILE_BYTES: Final = 320 * 1024
"""About what a tile's buffers may take: well inside a second-level cache of 512 KiB."""

_GRID: Final = "void(f4[::1], f4[::1], i8[::1], i8[::1], i8, f4[::1], f4[::1], f4[::1], f4[::1], f4[::1])"
_WEIGHED: Final = f"{_GRID[:-1]}, f4[::1], f4[::1])"
_MASK: Final = "void(f4[::1], f4[::1], b1[:,::1], i8, i8, i8, b1, i8[::1], f4[::1], f4[::1], f4[::1], f4[::1], f4[::1])"


@dataclass(frozen=True)
class Tile:
    """How a kernel's scratch is laid out, in float32 values; `coefficients` begin at 0."""

    wide: int
    """Block columns, a multiple of LANES."""
    step: int
    """From one column of vectors to the next."""
    reach: int
    """A line of a tile's pixels, with room on both sides for blocks shifted by up to `order` - 1."""
    buffer: int
    """A buffer of coefficients or totals; the totals begin here, one set after the other."""
    shares: int
    """Weights of blocks, added up along y: [vector of columns][row][lane]."""
    kept: int
    """Shrunk coefficients of one vector of blocks."""
    share: int
    """Their number, then their weight."""
    stage: int
    """Samples of a row that are not neighbours, [k][block column]."""
    terms: int
    """What blocks say of a row, [k][block column], with `pad` zeros before each."""
    pad: int
    line: int
    """The sum of that for each pixel."""
    size: int

    @classmethod
    def of(cls, order: int, sets: int = 1) -> Tile:
        """As wide as the cache allows where `sets` totals are added up at once."""
        step = (FRESH + order - 1) * LANES
        vectors = max(1, min(8, TILE_BYTES // ((1 + sets) * order * step * 4)))
        wide = vectors * LANES
        buffer = vectors * order * step
        pad = rounded(order - 1)
        reach = pad + rounded(wide + order - 1)
        shares = (1 + sets) * buffer
        kept = shares + vectors * step
        share = kept + order * order * LANES
        stage = share + 2 * LANES
        terms = stage + order * wide
        line = terms + order * reach
        return cls(wide, step, reach, buffer, shares, kept, share, stage, terms, pad, line, size=line + order * reach)


def chosen_size(order: int) -> int:
    """How many values the scratch of `chosen_strip` has: four vectors of blocks and two vectors."""
    return 4 * order * order * LANES + 2 * LANES


def rounded(length: int) -> int:
    """`length` rounded up to whole vectors."""
    return (length + LANES - 1) // LANES * LANES


@cache
def uniform_strip(order: int, rule: str) -> Any:
    """The kernel for one set of thresholds and blocks that all weigh the same."""
    tile = Tile.of(order)
    wide, step, reach, pad, totals = tile.wide, tile.step, tile.reach, tile.pad, tile.buffer
    moving, stage, terms, line = 2 * totals // step, tile.stage, tile.terms, tile.line
    made_of = CHECKSUM

    @njit(_GRID, cache=True, nogil=True, error_model="numpy")
    def strip(image, limits, rows, columns, stop, row_scale, column_scale, scratch, out, tail):
        _ = made_of
        for first in range(0, len(columns), wide):
            count = min(wide, len(columns) - first)
            for block, after, top, known, bottom, done in _spans(order, rows):
                _fill(
                    order,
                    wide,
                    step,
                    image,
                    len(column_scale),
                    known,
                    bottom,
                    top,
                    columns,
                    first,
                    count,
                    scratch,
                    stage,
                )
                _shrink(order, rule, step, totals, scratch, limits, rows, block, after, top, count)
                for y in range(top, top + done):
                    at = totals + (y - top) * LANES
                    _spread(order, step, reach, pad, at, columns, first, count, scratch, terms, line)
                    _write(
                        order,
                        scratch,
                        line,
                        columns,
                        first,
                        count,
                        y,
                        rows,
                        stop,
                        row_scale,
                        column_scale,
                        0,
                        out,
                        tail,
                    )
                _advance(order, step, moving, scratch)

    return strip


@cache
def ratios_strip(order: int, rule: str) -> Any:
    """The kernel for up to `SETS` sets of thresholds: one forward transform serves all of them."""
    tile = Tile.of(order, SETS)
    wide, step, reach, pad, totals, kept = tile.wide, tile.step, tile.reach, tile.pad, tile.buffer, tile.kept
    moving, stage, terms, line = (1 + SETS) * totals // step, tile.stage, tile.terms, tile.line
    made_of = CHECKSUM

    @njit(_GRID, cache=True, nogil=True, error_model="numpy")
    def strip(image, limits, rows, columns, stop, row_scale, column_scale, scratch, out, tail):
        _ = made_of
        sets = len(limits) // (order * order * LANES)
        for first in range(0, len(columns), wide):
            count = min(wide, len(columns) - first)
            for block, after, top, known, bottom, done in _spans(order, rows):
                _fill(
                    order,
                    wide,
                    step,
                    image,
                    len(column_scale),
                    known,
                    bottom,
                    top,
                    columns,
                    first,
                    count,
                    scratch,
                    stage,
                )
                _shrink_sets(order, rule, step, totals, kept, scratch, limits, rows, block, after, top, count, sets)
                for k in range(sets):
                    for y in range(top, top + done):
                        at = totals * (k + 1) + (y - top) * LANES
                        _spread(order, step, reach, pad, at, columns, first, count, scratch, terms, line)
                        _write(
                            order,
                            scratch,
                            line,
                            columns,
                            first,
                            count,
                            y,
                            rows,
                            stop,
                            row_scale,
                            column_scale,
                            k,
                            out,
                            tail,
                        )
                _advance(order, step, moving, scratch)

    return strip


@cache
def adaptive_strip(order: int, rule: str) -> Any:
    """The kernel for blocks that weigh less the more coefficients they keep; their weights are summed up, too."""
    tile = Tile.of(order)
    wide, step, reach, pad, totals, kept = tile.wide, tile.step, tile.reach, tile.pad, tile.buffer, tile.kept
    stage, terms, line, shares, share = tile.stage, tile.terms, tile.line, tile.shares, tile.share
    moving = 2 * totals // step + wide // LANES
    made_of = CHECKSUM

    @njit(_WEIGHED, cache=True, nogil=True, error_model="numpy")
    def strip(image, limits, rows, columns, stop, row_scale, column_scale, scratch, out, tail, weights, weight_tail):
        _ = made_of
        for first in range(0, len(columns), wide):
            count = min(wide, len(columns) - first)
            for block, after, top, known, bottom, done in _spans(order, rows):
                _fill(
                    order,
                    wide,
                    step,
                    image,
                    len(column_scale),
                    known,
                    bottom,
                    top,
                    columns,
                    first,
                    count,
                    scratch,
                    stage,
                )
                _shrink_weighed(
                    order, rule, step, totals, shares, kept, share, scratch, limits, rows, block, after, top, count
                )
                for y in range(top, top + done):
                    row = (y - top) * LANES
                    _spread(order, step, reach, pad, totals + row, columns, first, count, scratch, terms, line)
                    _write(
                        order,
                        scratch,
                        line,
                        columns,
                        first,
                        count,
                        y,
                        rows,
                        stop,
                        row_scale,
                        column_scale,
                        0,
                        out,
                        tail,
                    )
                    _spread_shares(order, step, reach, pad, shares + row, columns, first, count, scratch, terms, line)
                    _write(
                        order, scratch, line, columns, first, count, y, rows, stop, row_scale, column_scale, 0,
                        weights, weight_tail,
                    )  # fmt: skip
                _advance(order, step, moving, scratch)

    return strip


@cache
def chosen_strip(order: int, rule: str) -> Any:
    """The kernel for any choice of blocks, transformed `LANES` at a time wherever they lie.

    It takes the mask of blocks and its rows top..bottom in place of a grid, adds to its targets, and wants room for
    the starts of all those blocks and `LANES` more in `places`. Its scratch has `chosen_size` values.
    """
    column = order * LANES
    kept, share = 2 * order * column, 4 * order * column
    eights = order // EIGHT * EIGHT
    made_of = CHECKSUM

    @njit(_MASK, cache=True, nogil=True, error_model="numpy")
    def strip(image, limits, blocks, top, bottom, stop, adaptive, places, scratch, out, tail, weights, weight_tail):
        _ = made_of
        width = blocks.shape[1] + order - 1
        found = _list(blocks, top, bottom, width, places)
        inside = np.searchsorted(places[:found], (stop - order + 1) * width)  # those that nothing overhangs of
        for first, last in ((0, inside), (inside, found)):
            apart = (last - first + LANES - 1) // LANES  # neighbours in a group would wait for each other's sums
            for start in range(first, first + apart):
                some = _spaced(places, start, last, apart)
                regular = order % EIGHT == 0 and len(some) == LANES
                if regular:
                    for k in range(order):
                        gather_rows(eights, image, k * width, some, 0, scratch, k * column)
                else:
                    _gather(order, column, some, width, image, scratch)
                _restore_blocks(order, rule, column, kept, share, adaptive, limits, scratch)
                if regular and last == inside:
                    for k in range(order):
                        scatter_rows(eights, scratch, k * column, some, 0, out, k * width)
                    for k in range(order):
                        spread_weights(eights, scratch, share + LANES, some, 0, weights, k * width)
                else:
                    _scatter(order, column, share, some, width, stop, scratch, out, tail, weights, weight_tail)

    return strip


@njit
def _spans(order, rows):
    """The rows of blocks, `FRESH` pixels at a time.

    Which blocks, from and to; the buffer's first row; the rows that it has and those that it needs, up to; how many of
    them are complete afterwards.
    """
    block, top, known = 0, rows[0], rows[0]
    while block < len(rows):
        after = block
        while after < len(rows) and rows[after] < top + FRESH:
            after += 1
        bottom = min(top + FRESH, rows[-1] + 1) + order - 1
        yield block, after, top, known, bottom, FRESH if after < len(rows) else bottom - top
        block, top, known = after, top + FRESH, bottom


@njit
def _shrink(order, rule, step, totals, scratch, limits, rows, block, after, top, count):
    """Transforms the columns of blocks, shrinks them, transforms them back and adds them up."""
    for column in range((count + LANES - 1) // LANES * order):
        limit = column % order * order * LANES
        _clear_new(order, block == 0, scratch, totals + column * step)
        for i in range(block, after):
            at = column * step + (rows[i] - top) * LANES
            shrink_column(order, rule, scratch, at, scratch, totals + at, limits, limit)


@njit
def _shrink_sets(order, rule, step, totals, kept, scratch, limits, rows, block, after, top, count, sets):
    """The same with several sets of thresholds, each with its totals."""
    for column in range((count + LANES - 1) // LANES * order):
        for k in range(sets):
            _clear_new(order, block == 0, scratch, totals * (k + 1) + column * step)
        for i in range(block, after):
            at = column * step + (rows[i] - top) * LANES
            transform_column(order, scratch, at, scratch, kept)
            for k in range(sets):
                limit = (k * order + column % order) * order * LANES
                restore_column(order, rule, scratch, kept, scratch, totals * (k + 1) + at, limits, limit)


@njit
def _shrink_weighed(order, rule, step, totals, shares, kept, share, scratch, limits, rows, block, after, top, count):
    """The same with blocks that have weights, which are added up along y, too."""
    for vector in range((count + LANES - 1) // LANES):
        for u in range(order):
            _clear_new(order, block == 0, scratch, totals + (vector * order + u) * step)
        _clear_new(order, block == 0, scratch, shares + vector * step)
        for i in range(block, after):
            row = (rows[i] - top) * LANES
            at = vector * order * step + row
            _weigh(order, rule, step, scratch, at, kept, share, limits)
            for u in range(order):
                weigh_column(
                    order, scratch, kept + u * order * LANES, scratch, share + LANES, scratch, totals + at + u * step
                )
            add_weights(order, scratch, share + LANES, scratch, shares + vector * step + row)


@njit
def _spaced(places, start, last, apart):
    """Every `apart`-th of places[start:last], `LANES` at most, copied to the end of `places`."""
    end = len(places) - LANES
    count = 0
    for i in range(start, last, apart):
        places[end + count] = places[i]
        count += 1
    return places[end : end + count]


@njit
def _gather(order, column, places, width, image, scratch):
    """Reads the blocks that begin at `places`, each into its lane."""
    for j in range(len(places)):
        for k in range(order):
            gather_row(order, image, places[j] + k * width, scratch, k * column + j)


@njit
def _scatter(order, column, share, places, width, stop, scratch, out, tail, weights, weight_tail):
    """Adds the blocks and their weights to the image, or to the tail from row `stop` on."""
    for j in range(len(places)):
        for k in range(order):
            start = places[j] + k * width
            if start < stop * width:
                scatter_row(order, scratch, k * column + j, out, start)
                spread_weight(order, scratch, share + LANES + j, weights, start)
            else:
                start -= stop * width
                scatter_row(order, scratch, k * column + j, tail, start)
                spread_weight(order, scratch, share + LANES + j, weight_tail, start)


@njit
def _restore_blocks(order, rule, column, kept, share, adaptive, limits, scratch):
    """Denoises `LANES` blocks, [y][x][lane], where they lie; their weights follow `share`."""
    coefficients, totals = order * column, 3 * order * column  # [u][y][lane]
    for k in range(order):
        row_forward(order, LANES, column, scratch, k * column, scratch, coefficients + k * LANES)
    for at in range(totals, totals + order * column, LANES):
        clear(scratch, at)
    if adaptive:
        _weigh(order, rule, column, scratch, coefficients, kept, share, limits)
        for u in range(order):
            weigh_column(order, scratch, kept + u * column, scratch, share + LANES, scratch, totals + u * column)
    else:
        for j in range(LANES):
            scratch[share + LANES + j] = 1
        for at in range(0, order * column, column):
            shrink_column(order, rule, scratch, coefficients + at, scratch, totals + at, limits, at)
    for k in range(order):
        row_inverse(order, column, LANES, scratch, totals + k * LANES, scratch, k * column)


@njit
def _fill(order, wide, step, image, width, known, bottom, top, columns, first, count, scratch, stage):
    """Transforms the image's rows known..bottom along x into the buffer whose row 0 is the image's row `top`."""
    used = (count + LANES - 1) // LANES
    left = columns[first]
    direct = count == wide and columns[first + count - 1] - left == count - 1
    for y in range(known, bottom):
        to = (y - top) * LANES
        if direct:
            for vector in range(used):
                start = y * width + left + vector * LANES
                row_forward(order, 1, step, image, start, scratch, to + vector * order * step)
        else:
            for k in range(order):
                for j in range(count):
                    scratch[stage + k * wide + j] = image[y * width + columns[first + j] + k]
            for vector in range(used):
                row_forward(order, wide, step, scratch, stage + vector * LANES, scratch, to + vector * order * step)


@njit
def _clear_new(order, all_new, scratch, at):
    """Clears those rows of a column of totals, which begins at `at`, that no block has touched."""
    for row in range(0 if all_new else order - 1, FRESH + order - 1):
        clear(scratch, at + row * LANES)


@njit
def _weigh(order, rule, step, scratch, at, kept, share, limits):
    """Transforms and shrinks a vector of blocks, and finds their weights."""
    clear(scratch, share)
    for u in range(order):
        limit = u * order * LANES
        count_column(order, rule, scratch, at + u * step, scratch, kept + limit, scratch, share, limits, limit)
    weigh_block(scratch, share, scratch, kept, scratch, share + LANES)


@njit
def _spread(order, step, reach, pad, at, columns, first, count, scratch, terms, line):
    """Transforms a complete row of sums back along x and adds up what its blocks say of each pixel, into `line`."""
    for vector in range((count + LANES - 1) // LANES):
        row_inverse(order, step, reach, scratch, at + vector * order * step, scratch, terms + pad + vector * LANES)
    width = columns[first + count - 1] - columns[first] + order
    if width == count + order - 1:
        for k in range(order):  # what lies beyond the last block is no block
            for j in range(terms + k * reach + pad + count, terms + (k + 1) * reach):
                scratch[j] = 0
        for x in range(0, width, LANES):
            shifted_sum(order, reach, scratch, terms + pad + x, scratch, line + x)
    else:
        for x in range(line, line + width):
            scratch[x] = 0
        for j in range(count):
            x = line + columns[first + j] - columns[first]
            for k in range(order):
                scratch[x + k] += scratch[terms + k * reach + pad + j]


@njit
def _spread_shares(order, step, reach, pad, at, columns, first, count, scratch, terms, line):
    """Adds up the weights of the blocks that touch each pixel of a row, into `line`."""
    for j in range(terms + pad + count, terms + reach):
        scratch[j] = 0
    for j in range(count):
        scratch[terms + pad + j] = scratch[at + j // LANES * step + j % LANES]
    width = columns[first + count - 1] - columns[first] + order
    if width == count + order - 1:
        for x in range(0, width, LANES):
            shifted_sum(order, 0, scratch, terms + pad + x, scratch, line + x)
    else:
        for x in range(line, line + width):
            scratch[x] = 0
        for j in range(count):
            x = line + columns[first + j] - columns[first]
            for k in range(order):
                scratch[x + k] += scratch[terms + pad + j]


@njit
def _write(order, scratch, line, columns, first, count, y, rows, stop, row_scale, column_scale, k, out, tail):
    """Writes a tile's line of sums, scaled, to row `y` of set `k`: of the image, or of the tail from `stop` on."""
    left = columns[first]
    begun = columns[first - 1] + order - left if first else 0
    end = columns[first + count - 1] + order - left
    if y < stop:
        to = (k * len(row_scale) + y) * len(column_scale) + left
        _write_row(scratch, line, begun, end, row_scale, y, column_scale, left, out, to)
    else:
        overhang = rows[-1] + order - stop
        to = (k * overhang + y - stop) * len(column_scale) + left
        _write_row(scratch, line, begun, end, row_scale, y, column_scale, left, tail, to)


@njit
def _write_row(scratch, line, begun, end, row_scale, y, column_scale, left, target, to):
    """Adds to the first `begun` pixels, which the previous tile has begun; writes the others."""
    for x in range(begun):
        target[to + x] += scratch[line + x] * (row_scale[y] * column_scale[left + x])
    whole = begun + (end - begun) // LANES * LANES
    for x in range(begun, whole, LANES):
        scale_pixels(scratch, line + x, row_scale, y, column_scale, left + x, target, to + x)
    for x in range(whole, end):
        target[to + x] = scratch[line + x] * (row_scale[y] * column_scale[left + x])


@njit
def _list(blocks, top, bottom, width, places):
    """Where the pixels of the blocks that the mask's rows top..bottom have begin; returns their number."""
    found = 0
    for y in range(top, bottom):
        for x in range(blocks.shape[1]):
            if blocks[y, x]:
                places[found] = y * width + x
                found += 1
    return found


@njit
def _advance(order, step, columns, scratch):
    """Moves the last rows of each column of each buffer to its beginning."""
    for at in range(0, columns * step, step):
        for row in range(order - 1):
            move(scratch, at + (FRESH + row) * LANES, scratch, at + row * LANES)
